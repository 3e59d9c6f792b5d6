"""An answer as text that is easy to compare: a tag, a text or a key per line, and without what differs from time to time."""

import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from tests.upgrade import base

INLINE = {"a", "b", "strong", "em", "i", "code", "span", "small", "abbr", "time", "kbd", "button", "label", "input"}
SETS = {"Content-Security-Policy": "; ", "Vary": ", ", "Allow": ", "}  # their order says nothing
UNTOLD = {"X-Request-ID", "Content-Length", "Date", "Server-Timing", "Last-Modified"}
RANDOM = (  # what is new each time, and what stands for it
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----(\\n)?", re.S), "<private key>"),
    (re.compile(r"ssh-ed25519 AAAA[A-Za-z0-9+/]{60,}=*"), "<ed25519 key>"),
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "<fingerprint>"),
    (re.compile(r"data:application/octet-stream;base64,[A-Za-z0-9+/=]+"), "<private key>"),
    (re.compile(r"(seen=\w+-)[0-9a-f]{8}\b"), r"\1<version>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<64 hex>"),
    (re.compile(r'("request": ")\w+'), r"\1<request>"),
    (re.compile(r'("seconds": )[0-9.e-]+'), r"\1<seconds>"),
    (re.compile(r"/static/([\w./-]+?)\.[0-9a-f]{12}\."), r"/static/\1.<hash>."),
    (re.compile(r"\b[0-9a-f]{10}\b(?=</)"), "<request>"),
)
SECRET_FIELDS = {"csrfmiddlewaretoken", "once", "once_token"}


class _Lines(HTMLParser):
    """A tag or a text per line. White space counts only where a reader would see it: beside inline tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.depth, self.after_inline, self.owes_space = 0, False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.lines.append(f"{self._space(tag in INLINE)}<{tag}{_attributes(attrs)}>")
        self.after_inline = False

    def handle_endtag(self, tag: str) -> None:
        self.lines.append(f"</{tag}>")
        self.after_inline, self.owes_space = tag in INLINE, False

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text:
            self.lines.append(f"{'␣' if self.after_inline and data[0].isspace() else ''}{text}")
        self.owes_space = data[-1:].isspace() and (bool(text) or self.after_inline)
        self.after_inline = self.after_inline and not text

    def _space(self, is_inline: bool) -> str:
        seen, self.owes_space = self.owes_space and is_inline, False
        return "␣" if seen else ""


def _attributes(attrs: list[tuple[str, str | None]]) -> str:
    facts = dict(attrs)
    if facts.get("name") in SECRET_FIELDS:
        facts["value"] = "<random>"
    shown = {name: " ".join((value or "").split()) for name, value in sorted(facts.items())}
    return "".join(f' {name}="{value}"' if value else f" {name}" for name, value in shown.items())


def html(text: str) -> str:
    parser = _Lines()
    parser.feed(text)
    parser.close()
    return "\n".join(parser.lines)


def body(kind: str, raw: bytes) -> str:
    text = raw.decode(errors="backslashreplace")
    if "html" in kind or text[:9].lower() == "<!doctype":  # a page that says that we broke may bear another kind
        text = html(text)
    elif "json" in kind and text:
        text = _keys(text)
    return plain(text)


def _keys(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    except ValueError:
        return text  # the schema in YAML has JSON in the name of its kind


UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


PORT = re.compile(r"\b23\d{3}\b")  # of the base's gateway; drawn by lot
TOKEN = re.compile(r"\b[0-9a-f]{15}\b")  # the beginning of a token, by which it is named
NEW = {UUID: "<new id>", PORT: "<new port>", TOKEN: "<new token>"}


@cache
def _known() -> set[str]:
    """Return the ids, ports and tokens of the base; others were made while it was asked."""
    return {found for pattern in NEW for found in pattern.findall(base.text())}


def plain(text: str) -> str:
    for pattern, instead in NEW.items():
        text = pattern.sub(lambda found, instead=instead: found[0] if found[0] in _known() else instead, text)
    for pattern, instead in RANDOM:
        text = pattern.sub(instead, text)
    return text


def _header(name: str, value: str) -> str:
    if name == "ETag":
        return "present"
    between = SETS.get(name)
    return (
        plain(between.join(sorted(part.strip() for part in value.split(between.strip())))) if between else plain(value)
    )


def head(response: Any) -> str:
    """Status, headers, and the cookies' names with what guards them."""
    lines = [str(response.status_code)]
    for name, value in sorted(response.headers.items()):
        if name not in UNTOLD:
            lines.append(f"{name}: {_header(name, value)}")
    for name, cookie in sorted(response.cookies.items()):
        guards = [key for key in ("httponly", "secure", "samesite", "path", "max-age") if cookie[key] != ""]
        lines.append(f"Set-Cookie: {name} {' '.join(f'{key}={cookie[key]}' for key in guards)}")
    return "\n".join(lines)
