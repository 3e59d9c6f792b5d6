"""HTTP of the local cloud: JSON over loopback, one bearer token. `cloud/local.py` is its only client."""

import asyncio
import hmac
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cloud.contract import CloudBusy, CloudError, CloudFull, CloudGone, CloudRefused, Status
from cloud.localcloud.conductor import FLAVORS, Conductor
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.qmp import QmpFailed
from cloud.localcloud.record import ImageRecord, ServerRecord

Handler = Callable[[Conductor, Request], Awaitable[Any]]

SIZES = {flavor.id: asdict(flavor) for flavor in FLAVORS.values()}  # once, not for each server of each list
ANSWERS: list[tuple[type[CloudError], str, int]] = [
    (CloudGone, "gone", 404),
    (CloudFull, "full", 409),
    (CloudBusy, "busy", 503),
    (CloudRefused, "refused", 422),
]


def make_app(conductor: Conductor, token: str) -> Starlette:
    """The ASGI application."""

    def route(path: str, method: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(conductor, token, handler, request)

        return Route(path, endpoint, methods=[method])

    return Starlette(routes=[route(*row) for row in ROUTES])


async def _answer(conductor: Conductor, token: str, handler: Handler, request: Request) -> Response:
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
        return JSONResponse({"problem": "refused", "text": "The token is wrong."}, 401)
    try:
        said = await handler(conductor, request)
        return said if isinstance(said, Response) else JSONResponse(said)
    except CloudError as error:
        problem, code = next((word, code) for kind, word, code in ANSWERS if isinstance(error, kind))
        return JSONResponse({"problem": problem, "text": str(error), "cause": getattr(error, "cause", "")}, code)
    except (GuestFailed, QmpFailed, OSError, sqlite3.Error) as error:  # a full disk, too
        return JSONResponse({"problem": "busy", "text": str(error)}, 503)
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"problem": "refused", "text": f"Not understood: {error!r}"}, 422)


def _server(conductor: Conductor, request: Request) -> ServerRecord:
    return conductor.living(request.path_params["id"])


def _told(record: ServerRecord) -> dict[str, Any]:
    return {**record.as_told(), "flavor": SIZES[record.flavor_id]}


async def about(conductor: Conductor, request: Request) -> Any:
    return {"kind": conductor.guests.kind, "instance": conductor.store.instance}


async def flavors(conductor: Conductor, request: Request) -> Any:
    return [asdict(flavor) for flavor in FLAVORS.values()]


async def images(conductor: Conductor, request: Request) -> Any:
    return [_image(conductor, image) for image in conductor.store.images.values() if not image.archive]


async def archive(conductor: Conductor, request: Request) -> Any:
    said = await request.json()
    return _image(conductor, conductor.archive(said["server"], said["name"]))


async def unarchive(conductor: Conductor, request: Request) -> Any:
    conductor.unarchive(request.query_params["name"])


async def image_size(conductor: Conductor, request: Request) -> Any:
    return {"bytes": len(found) if isinstance(found := _bytes(conductor, request), bytes) else found.stat().st_size}


async def image_file(conductor: Conductor, request: Request) -> Any:
    """Ranges of a file are starlette's; of a few bytes, the client wants all from a first one on."""
    found = _bytes(conductor, request)
    if isinstance(found, Path):
        return FileResponse(found, media_type="application/octet-stream")
    first, _, last = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    part = found[int(first or 0) : int(last) + 1 if last else None]
    return Response(part, 206 if part else 416, media_type="application/octet-stream")


def _bytes(conductor: Conductor, request: Request) -> Path | bytes:
    return conductor.guests.image_bytes(conductor.image(request.path_params["id"]))


def _image(conductor: Conductor, image: ImageRecord) -> dict[str, Any]:
    return image.as_told(conductor.guests.disk_format)


async def delete_image(conductor: Conductor, request: Request) -> Any:
    conductor.delete_image(request.path_params["id"])


async def room(conductor: Conductor, request: Request) -> Any:
    return conductor.room()


async def hosts(conductor: Conductor, request: Request) -> Any:
    return [conductor.host()]


async def servers(conductor: Conductor, request: Request) -> Any:
    records, whole = conductor.store.changed_since(request.query_params.get("changes_since"))
    told = [_told(record) for record in records]
    return {"servers": told, "cursor": conductor.store.cursor, "whole": whole}


async def find(conductor: Conductor, request: Request) -> Any:
    record = conductor.find(request.query_params["machine"])
    return _told(record) if record else None


async def create(conductor: Conductor, request: Request) -> Any:
    return _told(conductor.create(await request.json()))


async def delete(conductor: Conductor, request: Request) -> Any:
    if record := conductor.store.servers.get(request.path_params["id"]):
        conductor.delete(record)


async def verb(conductor: Conductor, request: Request) -> Any:
    record, said = _server(conductor, request), await request.json()
    match request.path_params["verb"]:
        case "run":
            conductor.run(record)
        case "suspend":
            conductor.suspend(record)
        case "stop":
            conductor.stop(record)
        case "shelve":
            conductor.shelve(record)
        case "restart":
            conductor.restart(record, int(said["number"]))
        case "restart-hard":
            conductor.restart_hard(record, int(said["number"]))
        case "rescue":
            raise CloudRefused("The local cloud has no rescue image.")
        case "move":
            raise CloudRefused("The local cloud is one computer: there is no other to move to.")
        case "rebuild":
            conductor.rebuild(record, said["spec"], int(said["number"]))
        case "rename":
            conductor.rename(record, said["name"])
        case "adopt":
            conductor.adopt(record, said["machine"], said["owner"])
        case "ports":
            await conductor.set_ports(record, [int(port) for port in said["ports"]])
        case "snapshot":
            return _image(conductor, conductor.snapshot(record, said["name"]))
        case "look":
            pass
        case other:
            raise CloudRefused(f"No verb {other}.")


async def console(conductor: Conductor, request: Request) -> Any:
    lines = int(request.query_params.get("lines", "100"))
    return {"text": conductor.guests.console_log(_server(conductor, request), lines)}


async def screen(conductor: Conductor, request: Request) -> Any:
    record = _server(conductor, request)
    if conductor.guests.kind != "qemu" or not record.vnc_password or record.status != Status.ACTIVE:
        raise CloudRefused("This server has no screen.")
    return {"url": f"vnc://{record.address}:{record.outside(5900)}"}


async def diagnostics(conductor: Conductor, request: Request) -> Any:
    wanted = (conductor.store.servers.get(server_id) for server_id in (await request.json())["ids"])
    running = [record for record in wanted if record and record.is_running and not record.goal]
    answers = await asyncio.gather(*(conductor.guests.diagnostics(record) for record in running))
    return {record.id: answer for record, answer in zip(running, answers, strict=True) if answer}


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
    ("/servers", "GET", servers),
    ("/servers", "POST", create),
    ("/servers/find", "GET", find),
    ("/servers/{id}", "DELETE", delete),
    ("/servers/{id}/console", "GET", console),
    ("/servers/{id}/screen", "GET", screen),
    ("/servers/{id}/{verb}", "POST", verb),
    ("/diagnostics", "POST", diagnostics),
]
