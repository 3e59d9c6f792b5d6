"""Messages to held visitors: a page that asks again by itself, or a sentence that an SSH client prints."""

import os
import re
import unicodedata

WAKING = "Your machine is waking; try again in a minute"  # unless the portal says it in the owner's language
NOT_AVAILABLE = 7  # SSH_DISCONNECT_SERVICE_NOT_AVAILABLE
_LANGUAGE = re.compile(rb"(?im)^accept-language:[ \t]*(.*?)\r?$")
_TOLD = {
    "en": ("This machine is waking up", "The page opens by itself in a moment."),
    "es": ("Esta máquina está despertando", "La página se abre sola en un momento."),
}
_PAGE = (
    '<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    '<body style="font:18px/1.5 system-ui,sans-serif;max-width:28em;margin:20vh auto;padding:0 1em;'
    'color-scheme:light dark"><h1 style="font-size:1.3em">{title}…</h1><p>{text}</p></html>'
)


def page(request: bytes) -> bytes:
    """Return an HTTP answer that says: in a moment; the browser asks again after 3 s, a program may read Retry-After."""
    lang = language(request)
    title, text = _TOLD[lang]
    body = _PAGE.format(lang=lang, title=title, text=text).encode()
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
