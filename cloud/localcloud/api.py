"""The local cloud's HTTP interface: JSON over loopback, one bearer token. `cloud/local.py` is the only client."""

import asyncio
import contextlib
import hmac
import os
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from cloud.contract import CloudBusy, CloudError, CloudFull, CloudGone, CloudRefused, Status
from cloud.localcloud import local_accounts
from cloud.localcloud.engine import Engine
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.qmp import QmpFailed
from cloud.localcloud.rows import HOST, ImageRow, ServerRow
from cloud.localcloud.serial_lines import SerialLines
from cloud.localcloud.sizes import FLAVORS

Handler = Callable[[Engine, Request], Awaitable[Any]]

SIZES = {flavor.id: asdict(flavor) for flavor in FLAVORS.values()}  # made once, not for each server of each list
ANSWERS: list[tuple[type[CloudError], str, int]] = [
    (CloudGone, "gone", 404),
    (CloudFull, "full", 409),
    (CloudBusy, "busy", 503),
    (CloudRefused, "refused", 422),
]


def make_app(engine: Engine, token: str, console_token: str = "") -> Starlette:
    """Return the ASGI application. `console_token` opens the consoles and nothing else; '' is none."""
    lines = SerialLines()

    def route(path: str, method: str, handler: Handler) -> BaseRoute:
        good = [token, *filter(None, [console_token])] if handler in CONSOLES else [token]

        async def endpoint(request: Request) -> Response:
            return await _answer(engine, good, handler, request)

        return Route(path, endpoint, methods=[method])

    async def line(viewer: WebSocket) -> None:
        socket = None
        if _shows_one(viewer, [token, *filter(None, [console_token])]):
            with contextlib.suppress(CloudGone):
                socket = engine.guests.serial_socket(engine.living(viewer.path_params["id"]))
        await (lines.carry(socket, viewer) if socket else viewer.close())

    own = WebSocketRoute("/servers/{id}/serial/line", line)
    return Starlette(routes=[*(route(*row) for row in ROUTES), own])


def _shows_one(request: Request | WebSocket, tokens: list[str]) -> bool:
    given = request.headers.get("authorization", "").encode()
    return any(hmac.compare_digest(given, f"Bearer {token}".encode()) for token in tokens)


async def _answer(engine: Engine, tokens: list[str], handler: Handler, request: Request) -> Response:
    if handler is not sign_in and not _shows_one(request, tokens):
        return JSONResponse({"problem": "refused", "text": "The token is wrong."}, 401)
    try:
        result = await handler(engine, request)
        return result if isinstance(result, Response) else JSONResponse(result)
    except CloudError as error:
        problem, code = next((word, code) for kind, word, code in ANSWERS if isinstance(error, kind))
        return JSONResponse({"problem": problem, "text": str(error), "cause": getattr(error, "cause", "")}, code)
    except (GuestFailed, QmpFailed, OSError, sqlite3.Error) as error:  # a full disk, too
        return JSONResponse({"problem": "busy", "text": str(error)}, 503)
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"problem": "refused", "text": f"Not understood: {error!r}"}, 422)


def _server(engine: Engine, request: Request) -> ServerRow:
    return engine.living(request.path_params["id"])


def _as_json(row: ServerRow) -> dict[str, Any]:
    return {**row.as_contract(), "flavor": SIZES[row.flavor_id]}


async def about(engine: Engine, request: Request) -> Any:
    return {"kind": engine.guests.kind, "instance": engine.store.instance}


async def flavors(engine: Engine, request: Request) -> Any:
    return [asdict(flavor) for flavor in FLAVORS.values()]


async def images(engine: Engine, request: Request) -> Any:
    return [_image(engine, image) for image in engine.store.images.values() if not image.archive]


async def archive(engine: Engine, request: Request) -> Any:
    body = await request.json()
    return _image(engine, engine.archive(body["server"], body["name"]))


async def unarchive(engine: Engine, request: Request) -> Any:
    engine.unarchive(request.query_params["name"])


async def image_size(engine: Engine, request: Request) -> Any:
    return {"bytes": len(found) if isinstance(found := _bytes(engine, request), bytes) else found.stat().st_size}


async def image_file(engine: Engine, request: Request) -> Any:
    """Return an image's bytes. Starlette answers ranges of a file; for bytes in memory the one range of our client is enough."""
    found = _bytes(engine, request)
    if isinstance(found, Path):
        return FileResponse(found, media_type="application/octet-stream")
    first, _, last = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    part = found[int(first or 0) : int(last) + 1 if last else None]
    return Response(part, 206 if part else 416, media_type="application/octet-stream")


def _bytes(engine: Engine, request: Request) -> Path | bytes:
    return engine.guests.image_bytes(engine.image(request.path_params["id"]))


def _image(engine: Engine, image: ImageRow) -> dict[str, Any]:
    return image.as_contract(engine.guests.disk_format)


async def delete_image(engine: Engine, request: Request) -> Any:
    engine.delete_image(request.path_params["id"])


async def room(engine: Engine, request: Request) -> Any:
    return engine.host.room()


async def hosts(engine: Engine, request: Request) -> Any:
    return [engine.host.as_contract()]


async def loads(engine: Engine, request: Request) -> Any:
    return {HOST: os.getloadavg()}


async def change_host(engine: Engine, request: Request) -> None:
    engine.host.change(request.path_params["name"], await request.json())


async def servers(engine: Engine, request: Request) -> Any:
    rows, whole = engine.store.changed_since(request.query_params.get("changes_since"))
    found = [_as_json(row) for row in rows]
    return {"servers": found, "cursor": engine.store.cursor, "whole": whole}


async def find(engine: Engine, request: Request) -> Any:
    row = engine.find(request.query_params["machine"])
    return _as_json(row) if row else None


async def create(engine: Engine, request: Request) -> Any:
    return _as_json(engine.create(await request.json()))


async def delete(engine: Engine, request: Request) -> Any:
    if row := engine.store.servers.get(request.path_params["id"]):
        engine.delete(row)


async def verb(engine: Engine, request: Request) -> Any:
    row, body = _server(engine, request), await request.json()
    name = request.path_params["verb"]
    if name == "ports":
        return await engine.set_ports(row, [int(port) for port in body["ports"]])
    if name in REFUSED:
        raise CloudRefused(REFUSED[name])
    if name not in VERBS:
        raise CloudRefused(f"No verb {name}.")
    return VERBS[name](engine, row, body)


def _snapshot(engine: Engine, row: ServerRow, body: dict[str, Any]) -> dict[str, Any]:
    return _image(engine, engine.snapshot(row, body["name"]))


VERBS: dict[str, Callable[[Engine, ServerRow, dict[str, Any]], Any]] = {
    "run": lambda engine, row, body: engine.run(row),
    "suspend": lambda engine, row, body: engine.suspend(row),
    "stop": lambda engine, row, body: engine.stop(row),
    "shelve": lambda engine, row, body: engine.shelve(row),
    "restart": lambda engine, row, body: engine.restart(row, int(body["number"])),
    "restart-hard": lambda engine, row, body: engine.restart_hard(row, int(body["number"])),
    "rebuild": lambda engine, row, body: engine.rebuild(row, body["spec"], int(body["number"])),
    "rename": lambda engine, row, body: engine.rename(row, body["name"]),
    "adopt": lambda engine, row, body: engine.adopt(row, body["machine"], body["owner"]),
    "snapshot": _snapshot,
    "look": lambda engine, row, body: None,
}
REFUSED = {
    "rescue": "The local cloud has no rescue image.",
    "move": "The local cloud is one computer: there is no other to move to.",
    "evacuate": "The local cloud is one computer, which is up.",
}


async def console(engine: Engine, request: Request) -> Any:
    lines = int(request.query_params.get("lines", "100"))
    return {"text": engine.guests.console_log(_server(engine, request), lines)}


async def serial(engine: Engine, request: Request) -> Any:
    return {"offered": engine.guests.serial_socket(_server(engine, request)) is not None}


async def screen(engine: Engine, request: Request) -> Any:
    row = _server(engine, request)
    if engine.guests.kind != "qemu" or not row.vnc_password or row.status != Status.ACTIVE:
        raise CloudRefused("This server has no screen.")
    return {"url": f"vnc://{row.address}:{row.outside(5900)}"}


async def diagnostics(engine: Engine, request: Request) -> Any:
    wanted = (engine.store.servers.get(server_id) for server_id in (await request.json())["ids"])
    running = [row for row in wanted if row and row.is_running and not row.goal]
    answers = await asyncio.gather(*(engine.guests.diagnostics(row) for row in running))
    return {row.id: answer for row, answer in zip(running, answers, strict=True) if answer}


async def sign_in(engine: Engine, request: Request) -> Any:
    """Check a person's own password: the only call without the token."""
    body = await request.json()
    return await local_accounts.sign_in(engine.store, str(body["name"]), str(body["password"]))


async def put_person(engine: Engine, request: Request) -> Any:
    await local_accounts.put(engine.store, request.path_params["name"], await request.json())


async def ensure_user(engine: Engine, request: Request) -> Any:
    return await local_accounts.ensure_user(engine.store, await request.json())


async def delete_user(engine: Engine, request: Request) -> None:
    local_accounts.delete_user(engine.store, request.query_params)


CONSOLES: set[Handler] = {console, serial}
ROUTES: list[tuple[str, str, Handler]] = [
    ("/", "GET", about),
    ("/flavors", "GET", flavors),
    ("/images", "GET", images),
    ("/images/{id}", "DELETE", delete_image),
    ("/images/{id}/size", "GET", image_size),
    ("/images/{id}/file", "GET", image_file),
    ("/archives", "POST", archive),
    ("/archives", "DELETE", unarchive),
    ("/room", "GET", room),
    ("/hosts", "GET", hosts),
    ("/hosts/{name}", "PUT", change_host),
    ("/loads", "GET", loads),
    ("/servers", "GET", servers),
    ("/servers", "POST", create),
    ("/servers/find", "GET", find),
    ("/servers/{id}", "DELETE", delete),
    ("/servers/{id}/console", "GET", console),
    ("/servers/{id}/serial", "GET", serial),
    ("/servers/{id}/screen", "GET", screen),
    ("/servers/{id}/{verb}", "POST", verb),
    ("/diagnostics", "POST", diagnostics),
    ("/people/sign-in", "POST", sign_in),
    ("/people/{name}", "PUT", put_person),
    ("/users", "POST", ensure_user),
    ("/users", "DELETE", delete_user),
]
