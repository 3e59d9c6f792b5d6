"""Mail servers on loopback, good and bad."""

import asyncio
import contextlib
import email
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.waiting import PATIENCE

HERE = "127.0.0.1"


class Postman:
    """A real SMTP server. `says` is its answer to each mail, or to a recipient where `to` is set.

    breaks_at: RCPT, or DATA (the mail was taken), where it cuts the connection instead of answering, `breaks` times.
    """

    def __init__(self) -> None:
        self.says, self.to = "250 OK", ""
        self.is_slow = False  # takes a mail and does not say so
        self.once = ""  # the answer to the next recipient only
        self.breaks_at, self.breaks = "", 1000
        self.mails: list[EmailMessage] = []
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        server = self.loop.create_server(self._protocol, HERE, 0)
        self.server = self.loop.run_until_complete(server)
        self.port = int(self.server.sockets[0].getsockname()[1])
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="localhost", loop=self.loop)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.to or self.once or self._breaks("RCPT", server):
            words, self.once = self.once or self.to or "421 Gone", ""
            return words
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.says.startswith("250"):
            found = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(found, EmailMessage)
            self.mails.append(found)
        self._breaks("DATA", server)
        if self.is_slow:
            await asyncio.Event().wait()  # for ever: the client gives up, and close() ends it
        return self.says

    def _breaks(self, where: str, server: SMTP) -> bool:
        if self.breaks_at != where or self.breaks == 0:
            return False
        self.breaks -= 1
        server.transport.abort()
        return True

    def close(self) -> None:
        if self.loop.is_closed():
            return

        async def end() -> None:
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.05)
            self.loop.stop()

        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(end()))
        self.thread.join(PATIENCE)
        self.loop.close()


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """Take every call and never say a word. Yield the port."""
    with socket.create_server((HERE, 0)) as server:
        yield int(server.getsockname()[1])


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def use(settings: Any, port: int) -> None:
    """Send mails to this port of loopback."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = HERE, port, PATIENCE
    settings.PORTAL_URL = "https://labs.example.org"
