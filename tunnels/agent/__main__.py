"""python -m tunnels.agent --portal URL --token-file FILE --key-file FILE [--once]"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import cast

import asyncssh
import httpx

from tunnels.agent import log_lines
from tunnels.agent.dialing import Dialer
from tunnels.agent.link import Link
from tunnels.agent.places import Places, raise_limit
from tunnels.agent.portal_client import PortalClient
from tunnels.agent.waiting import HOLD_SECONDS, SSH_PATIENCE, Limits

log = logging.getLogger("agent")
FEW_FILES = 4096  # fewer than this are worth a word
ONCE_SECONDS = 10.0  # that --once gives the ports to open


def main() -> None:
    parser = argparse.ArgumentParser(prog="tunnels.agent", description="Keeps the public ports of one gateway open.")
    parser.add_argument("--portal", required=True, help="address of the portal, https://…")
    parser.add_argument("--token-file", required=True, type=Path, help="holds the gateway's token")
    parser.add_argument("--key-file", required=True, type=Path, help="the private SSH key that the gateway lets in")
    parser.add_argument("--live", help="address of its live process (default: the portal's)")
    parser.add_argument("--once", action="store_true", help="open the ports, report, say how it went, and end")
    parser.add_argument("--ssh-patience", type=float, default=SSH_PATIENCE, help="seconds an SSH client is held")
    parser.add_argument("--hold-seconds", type=float, default=HOLD_SECONDS, help="seconds anybody else is")
    wish = parser.parse_args()
    try:
        log_lines.begin(os.environ.get("LOG_FORMAT", "text"))
    except ValueError as error:
        sys.exit(f"tunnels.agent: {error}.")
    try:
        token = wish.token_file.read_text().strip()
        key = asyncssh.read_private_key(wish.key_file)
    except (OSError, ValueError) as error:
        sys.exit(f"tunnels.agent: {error}. Give --token-file and --key-file that exist and can be read.")
    places = Places.of_files(files := raise_limit())
    limits = Limits(hold_seconds=wish.hold_seconds, ssh_patience=wish.ssh_patience, places=places)
    if files < FEW_FILES:
        log.warning("only %s files may be open, so only %s connections: see LimitNOFILE", files, places.most)
    link = Link(key, limits)
    portal = PortalClient(wish.portal, token, link, None if wish.once else Dialer(wish.live or wish.portal, link))
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(portal, link, wish.once))


async def _run(portal: PortalClient, link: Link, once: bool) -> None:
    """Run until SIGTERM or Ctrl-C; with `once` until the ports were opened and reported."""
    me = cast("asyncio.Task[None]", asyncio.current_task())
    asyncio.get_running_loop().set_exception_handler(portal.link.limits.mishaps.stray)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    async with portal.http, asyncio.TaskGroup() as group:
        keeping = group.create_task(link.run())
        if once:
            await _once(portal, link)
            keeping.cancel()
            return
        group.create_task(portal.ask_for_ever())
        group.create_task(portal.report_for_ever())


async def _once(portal: PortalClient, link: Link) -> None:
    try:
        await portal.ask(hold=0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ONCE_SECONDS):
                while link.error is None or not all(forward.is_open for forward in link.forwards.values()):
                    await link.changed.wait()
                    link.changed.clear()
        await portal.report()
    except httpx.HTTPError as error:
        log.error("the portal: %s", error)
    opened = sum(forward.is_open for forward in link.forwards.values())
    log.info(
        "%s of %s ports are open; gateway: %s",
        opened,
        len(link.forwards),
        "no try yet" if link.error is None else link.error or "connected",
    )


if __name__ == "__main__":
    main()
