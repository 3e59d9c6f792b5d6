"""`python -m cloud.localcloud`: start the local cloud, print `ready`, and end in good order on SIGTERM or Ctrl-C."""

import argparse
import asyncio
import logging
import os
import resource
import secrets
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from cloud.localcloud import guest_choice, store
from cloud.localcloud.api import make_app
from cloud.localcloud.engine import Engine
from cloud.localcloud.sizes import Capacity
from cloud.starter.recipes import RECIPES


def main() -> int:
    options = _parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # three sockets a guest, and 200 guests are usual
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until _serve takes over: ends the trial guest, too
    try:
        lock = store.lock(options.data)
        tokens = [_token(file) for file in (options.token_file, options.console_token_file) if file]
        listener = _bind(options.port)
        guests, its_store = guest_choice.choose(options.guests, options.data, options.build_seconds, options.starter)
    except (store.DataInUse, guest_choice.NoGuests) as trouble:
        return _say(str(trouble))
    except OSError as trouble:
        return _say(f"The local cloud cannot use {trouble.filename or 'its folder'}: {trouble.strerror}.")
    standard = guest_choice.capacity(guests.kind)
    capacity = Capacity(
        options.vcpus or standard.vcpus, options.ram_mb or standard.ram_mb, options.disk_gb or standard.disk_gb
    )
    asyncio.run(_serve(Engine(its_store, guests, capacity), tokens, listener))
    its_store.close()
    os.close(lock)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud.localcloud")
    parser.add_argument("--data", type=Path, required=True, help="folder of its own truth")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--token-file", type=Path, required=True, help="made if absent")
    parser.add_argument("--console-token-file", type=Path, help="of a token that opens consoles alone; made if absent")
    parser.add_argument("--guests", choices=["auto", "qemu", "simulated"], default="auto")
    parser.add_argument("--vcpus", type=int, help="capacity; default: from this machine")
    parser.add_argument("--ram-mb", type=int, help="capacity in MiB")
    parser.add_argument("--disk-gb", type=int, help="capacity in GiB")
    parser.add_argument("--build-seconds", type=float, help="over which a build is spread")
    parser.add_argument(
        "--starter", choices=sorted(RECIPES), default="", help="the starter image that is being built into DATA/starter"
    )
    return parser.parse_args()


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _token(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _bind(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # see portal.serve.listen
    try:
        listener.bind(("127.0.0.1", port))  # reserves the port; listening begins once we can answer
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise guest_choice.NoGuests(f"The local cloud cannot listen on 127.0.0.1:{port}: {reason}.") from None
    return listener


async def _serve(engine: Engine, tokens: list[str], listener: socket.socket) -> None:
    config = uvicorn.Config(make_app(engine, *tokens), log_level="warning", access_log=False, lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await engine.open()
    await server.startup(sockets=[listener])
    print("ready", flush=True)
    await ended.wait()
    server.force_exit = True
    await server.shutdown(sockets=[listener])
    await engine.close()


if __name__ == "__main__":
    sys.exit(main())
