"""A mail server for a trial: real SMTP in, a page to read the mails, and nothing leaves this computer.

`python -m deploy.local.mail_server --data FOLDER --smtp-port N --page-port N`. Both ports are on loopback. The mails hold links that sign
people in or act for them, so the page answers under this computer's own names only: no site on the web can read it through a browser.
"""

import argparse
import asyncio
import email
import re
from email.message import EmailMessage, Message
from email.policy import default
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

KEPT = 500  # mails; the oldest are deleted
LONGEST = 5_000_000  # bytes of one mail
HERE = "127.0.0.1"
LINK = re.compile(r"https?://[^\s<>\"]+")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:0 auto;padding:16px;color:#1d232b;background:#f3f4f1}"
    "li,article{background:#fff;border:1px solid #d7dbd6;border-radius:12px;padding:12px 16px;margin:10px 0;list-style:none}"
    "ul{padding:0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}.soft{color:#535d68}a{color:#8c1d52}"
    "iframe{width:100%;height:34em;border:1px solid #d7dbd6;border-radius:12px;background:#fff}"
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


class Box(Mailbox):
    """The mails of a folder, as a Maildir in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(folder / "maildir")
        for mail in sorted(folder.glob("*.eml")):  # 0.3 kept each mail so
            self.mailbox.add(mail.read_bytes())
            mail.unlink()

    def handle_message(self, message: Message) -> None:
        """Keep a mail. aiosmtpd calls this once the whole of it has arrived."""
        super().handle_message(message)
        for old in self.names()[KEPT:]:
            self.mailbox.discard(old)

    def names(self) -> list[str]:
        """Return the mails' names, the newest first."""
        return sorted(self.mailbox.keys(), key=_arrival, reverse=True)

    def read(self, name: str) -> EmailMessage | None:
        try:
            found = email.message_from_bytes(self.mailbox.get_bytes(name), policy=default)
        except KeyError:
            return None
        return found if isinstance(found, EmailMessage) else None


def _arrival(name: str) -> list[int]:
    """Return when a mail came, from its name in the Maildir (1764150000.M123456P7Q2.host): seconds, microseconds, a running number."""
    seconds, microseconds, _pid, number = re.findall(r"\d+", name)[:4]
    return [int(seconds), int(microseconds), int(number)]


def pages(box: Box) -> Starlette:
    """Return the web application. All of it runs on the event loop, as aiosmtpd does: threads may not share a Maildir."""

    async def index(request: Request) -> Response:
        rows = "".join(_row(name, mail) for name in box.names() if (mail := box.read(name)))
        return _page("Mails", f"<ul>{rows}</ul>" if rows else "<p>No mail has been sent yet.</p>")

    async def one(request: Request) -> Response:
        name = request.path_params["name"]
        mail = box.read(name)
        if mail is None:
            return PlainTextResponse("There is no such mail.", 404)
        frame = (
            f'<h2>As HTML</h2><iframe src="/{quote(name)}/html" title="The mail as HTML"></iframe>'
            if _html(mail)
            else ""
        )
        body = (
            f"<p><a href='/'>All mails</a></p><article>{_about(mail)}<pre>{_linked(_text(mail))}</pre></article>{frame}"
        )
        return _page(str(mail["Subject"]), body)

    async def html(request: Request) -> Response:
        mail = box.read(request.path_params["name"])
        page = (_html(mail) if mail else "").replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(page, 200 if page else 404, {**HEADERS, "Content-Security-Policy": SANDBOX})

    routes = [Route("/", index), Route("/{name}", one), Route("/{name}/html", html)]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HERE, "localhost"])
    return Starlette(routes=routes, middleware=[hosts])


def _row(name: str, mail: EmailMessage) -> str:
    return f"<li><a href='/{quote(name)}'>{escape(str(mail['Subject']))}</a><br>{_about(mail)}</li>"


def _about(mail: EmailMessage) -> str:
    return f"<span class='soft'>{escape(str(mail['To']))} · {escape(str(mail['Date']))}</span>"


def _page(title: str, body: str) -> Response:
    head = f"<!doctype html><meta charset='utf-8'><meta name='viewport' content='width=device-width'><style>{STYLE}</style>"
    return HTMLResponse(f"{head}<title>{escape(title)}</title><h1>{escape(title)}</h1>{body}", headers=HEADERS)


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _linked(text: str) -> str:
    found, last = "", 0
    for link in LINK.finditer(text):
        found += escape(text[last : link.start()]) + f"<a href='{escape(link[0])}'>{escape(link[0])}</a>"
        last = link.end()
    return found + escape(text[last:])


async def serve(folder: Path, smtp_port: int, page_port: int) -> None:
    box, loop = Box(folder), asyncio.get_running_loop()
    options: dict[str, Any] = {
        "data_size_limit": LONGEST,
        "enable_SMTPUTF8": True,
        "hostname": "localhost",
        "ident": "Minga",
    }
    smtp = await loop.create_server(lambda: SMTP(box, **options), HERE, smtp_port)
    config = uvicorn.Config(pages(box), HERE, page_port, log_level="warning", access_log=False, lifespan="off")
    async with smtp:
        await uvicorn.Server(config).serve()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.data, options.smtp_port, options.page_port))


if __name__ == "__main__":
    main()
