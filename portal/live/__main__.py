"""`python -m portal.live --host ADDRESS [--host ADDRESS] --port N`: the process itself. SIGTERM drains it: see Server."""

import argparse
import asyncio
import contextlib
import gc
import os
import socket
import sys
from typing import Any

import django
import uvicorn
from django.conf import settings

from tunnels.agent.protocol import FRAME_BYTES

DRAIN_SECONDS = 5
ACCEPTED = 16  # connections in a round of the event loop


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    arguments = _arguments()
    _leave_out_providers()
    _leave_out_parts_of_asyncssh()
    django.setup()
    from portal import serve

    _keep_few_connections()
    serve.raise_open_files()
    sockets = [serve.listen(host, arguments.port) for host in arguments.host]
    trusted = serve.trusted_proxies(behind_gateway=arguments.behind_gateway)
    with contextlib.suppress(KeyboardInterrupt):
        make_server(trusted=trusted).run(sockets=sockets)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(prog="portal.live", description="What stays open: the events of pages.")
    parser.add_argument("--host", action="append", required=True, help="an address to listen on; may be said twice")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--behind-gateway", action="store_true", help="the proxy comes by this container's default gateway"
    )
    return parser.parse_args()


def _leave_out_providers() -> None:
    """Spare the memory of what talks to identity providers: nobody signs in here."""
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if not app.startswith("allauth.socialaccount.providers.")
    ]


def _leave_out_parts_of_asyncssh() -> None:
    """Spare 5 MB: security keys and X.509 certificates, which asyncssh takes in where it finds these packages. No machine is entered by them."""
    packages = dict.fromkeys(("fido2", "OpenSSL"))
    sys.modules.update(packages)  # type: ignore[arg-type]
    import asyncssh  # noqa: F401

    for package in packages:
        del sys.modules[package]


def _keep_few_connections() -> None:
    """Shrink the pool of connections to the threads that read: web has twelve."""
    from portal.live.reading import CONNECTIONS

    pool = settings.DATABASES["default"].get("OPTIONS", {}).get("pool")
    if pool:
        pool |= {"max_size": CONNECTIONS}


class Server(uvicorn.Server):
    """uvicorn's server, which ends the streams first: each browser learns when to come back."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        from portal import serve

        await super().startup(sockets)
        # asyncio accepts as many in a go as it lets wait: the system shall keep more.
        for listening in sockets or ():
            listening.listen(serve.BACKLOG)
        gc.collect()
        gc.freeze()  # 130,000 objects of code and models, which the collector need not walk through while people type

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        live: Any = self.config.app
        for server in self.servers:
            server.close()  # nothing new
        await asyncio.gather(live.terminals.drain(), live.files.drain())
        live.dials.drain()
        live.consoles.drain()
        with contextlib.suppress(TimeoutError):
            await live.hub.drain()
        await super().shutdown(sockets)


def make_server(*, trusted: list[str]) -> Server:
    """Return the server, which needs Django to be set up."""
    from portal.live.app import Live
    from portal.live.head_turns import HeadTurns
    from portal.live.unread import Watchful
    from portal.live.wire import Wire

    class Http(Watchful):
        heads = HeadTurns()

    config = uvicorn.Config(
        Live(), http=Http, backlog=ACCEPTED, ws=Wire, ws_max_size=FRAME_BYTES, ws_per_message_deflate=False,
        lifespan="on", log_config=None, server_header=False, access_log=False, timeout_graceful_shutdown=DRAIN_SECONDS,
        forwarded_allow_ips=trusted,
    )  # fmt: skip
    return Server(config)


if __name__ == "__main__":
    main()
