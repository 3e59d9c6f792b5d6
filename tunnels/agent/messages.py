"""Messages to held visitors: a page that asks again by itself, or a sentence that an SSH client prints."""

import os
import re
import unicodedata
from html import escape

WAKING = "Your machine is waking; try again in a minute"  # unless the portal says it in the owner's language
NOT_AVAILABLE = 7  # SSH_DISCONNECT_SERVICE_NOT_AVAILABLE
_LANGUAGE = re.compile(rb"(?im)^accept-language:[ \t]*(.*?)\r?$")
_TOLD = {
    "en": ("This machine is waking up", "The page opens by itself in a moment.", "What is Minga?"),
    "es": ("Esta máquina está despertando", "La página se abre sola en un momento.", "¿Qué es Minga?"),
}
# In the portal's look (static/css/minga.css), with nothing to fetch: it comes from the machine's address, where only this is known.
_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer"><title>{title} · Minga</title><style>
:root {{ color-scheme: light dark; --paper: #f3f4f1; --card: #fff; --ink: #1d232b; --soft: #535d68; --line: #d7dbd6; --brand: #8c1d52; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #14171b; --card: #1d2127; --ink: #e9ecef; --soft: #a5afb9; --line: #343b44; --brand: #f096bd; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.55 system-ui, sans-serif; }}
main {{ box-sizing: border-box; width: min(30rem, 100% - 2rem); padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; }}
h1 {{ margin: 1rem 0 .25rem; font-size: 1.4rem; line-height: 1.25; }} p {{ margin: 0; color: var(--soft); }}
a {{ color: var(--brand); }} p + p {{ margin-top: 1.25rem; font-size: .95rem; }}
</style></head><body><main><svg width="40" height="40" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"
fill="#8c1d52"/><path d="M4.5 26V15.6L10.7 9.4 16 14.7l5.3-5.3 6.2 6.2V26h-5v-8.3l-1.2-1.2L16 21.8l-5.3-5.3-1.2 1.2V26z" fill="#fff"/>
<path d="M16 3.6l3.4 3.4L16 10.4 12.6 7z" fill="#f5b83d"/></svg><h1>{title}…</h1><p role="status">{text}</p>{home}</main></body></html>
"""


def page(request: bytes, *, home: str = "") -> bytes:
    """Return an HTTP answer that says: in a moment; the browser asks again after 3 s, a program may read Retry-After.

    home: the portal's address. Nothing in the page tells whose machine it is.
    """
    lang = language(request)
    title, text, link = _TOLD[lang]
    is_address = home.startswith(("https://", "http://"))
    link = f'<p><a href="{escape(home)}">{link}</a></p>' if is_address else ""
    body = _PAGE.format(lang=lang, title=title, text=text, home=link).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nCache-Control: no-store\r\nConnection: close\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Language: {lang}\r\nVary: Accept-Language\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    return head if request.startswith(b"HEAD ") else head + body


def language(request: bytes) -> str:
    """Return the language of ours that the browser likes best."""
    line = _LANGUAGE.search(request)
    likes = dict.fromkeys(_TOLD, 0.0)
    for part in line[1].decode("latin-1").lower().split(",")[:20] if line else ():
        name, _mark, weight = part.partition(";")
        name = name.strip()[:2]
        if name in likes:
            likes[name] = max(likes[name], _weight(weight))
    return max(likes, key=lambda name: likes[name])


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=")) if text.strip() else 1.0
    except ValueError:
        return 0.0


def goodbye(sentence: str) -> bytes:
    """Return an SSH identification line and a disconnect before any key exchange (RFC 4253: 4.2, 6, 11.1)."""
    words = "".join(mark for mark in sentence if mark.isprintable())[:200] or WAKING
    # OpenSSH prints \303\241 for an accented letter; without its accent it can be read.
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore")
    payload = b"\x01" + NOT_AVAILABLE.to_bytes(4) + _string(plain) + _string(b"")
    padding = 4 + -(4 + 1 + len(payload) + 4) % 8
    packet = (1 + len(payload) + padding).to_bytes(4) + bytes([padding]) + payload + os.urandom(padding)
    return b"SSH-2.0-Minga\r\n" + packet


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data
