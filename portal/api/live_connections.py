"""Addresses of the live process for programs, each with a ticket: good once, for a minute."""

import secrets
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from portal import live_links
from portal.api import inputs
from portal.api import serializers as s
from portal.api.request_parts import body, machine
from portal.live_addresses import SESSION, TERMINAL, terminal_purpose


class OpenTerminal(serializers.Serializer[Any]):
    session = inputs.Text(
        required=False,
        validators=[RegexValidator(rf"^{SESSION}\Z", _("A session has up to 20 small letters and digits."))],
        help_text="The terminal to come back to: up to 20 small letters and digits. Without it a new one.",
    )


class TerminalOut(serializers.Serializer[Any]):
    session = serializers.CharField()
    url = serializers.CharField(help_text="Of a websocket. Its ticket lets one connection in, within 60 seconds.")


@extend_schema(
    description="Get the address of a terminal in a machine.",
    request=OpenTerminal,
    responses={200: TerminalOut, 400: s.Problem, 403: s.Problem, 404: s.Problem},
)
@api_view(["POST"])
def terminal(request: Request, pk: Any) -> Response:
    """Return the address of a terminal in a machine, for a program: a websocket."""
    row = machine(request, pk, "dial")
    name = body(request, OpenTerminal).get("session") or f"t{secrets.token_hex(8)}"
    url = live_links.with_ticket(request._request, TERMINAL.format(machine=row.pk, name=name), terminal_purpose(row.pk))
    return Response({"session": name, "url": url.replace("http", "ws", 1)}, headers={"Cache-Control": "no-store"})


_PATH = OpenApiParameter(
    "path", str, description="Of a file or folder; without it the home. A byte that is not UTF-8 is written \\\\xNN."
)
_REST = {403: s.Problem, 404: s.Problem}
_THERE = OpenApiResponse(
    description="The same request with a ticket, at the live process. docs/api.md says what it answers."
)


@extend_schema(
    methods=["GET"],
    description="List a folder, or download a file, a folder as tar, or the whole home.",
    parameters=[
        _PATH,
        OpenApiParameter("as", str, enum=["tar"], description="A folder as an archive."),
        OpenApiParameter("home", str, enum=["tar"], description="The whole home as an archive."),
        OpenApiParameter("upload", int, description="1: how much of an upload has arrived."),
        OpenApiParameter("size", int, description="Of the whole file, with `upload`."),
    ],
    responses={307: _THERE, **_REST},
)
@extend_schema(
    methods=["PUT"],
    description="Upload a file, or a piece of at most 8 MiB with Content-Range.",
    parameters=[
        _PATH,
        OpenApiParameter("replace", int, description="1: also where a file of this name is there."),
        OpenApiParameter("sha256", str, description="Of the whole file: another one is thrown away."),
    ],
    request={"application/octet-stream": bytes},
    responses={307: _THERE, **_REST},
)
@extend_schema(
    methods=["POST"],
    description="Make a folder, or rename.",
    parameters=[
        _PATH,
        OpenApiParameter("do", str, enum=["folder", "rename"], required=True),
        OpenApiParameter("to", str, description="The new path, with `rename`."),
    ],
    request=None,
    responses={307: _THERE, **_REST},
)
@extend_schema(
    methods=["DELETE"],
    description="Delete a file, a link, or a folder with all in it.",
    parameters=[_PATH],
    responses={307: _THERE, **_REST},
)
@api_view(["GET", "PUT", "POST", "DELETE"])
def files(request: Request, pk: Any) -> Response:
    """Lead to the live process, which answers the same request. A program that has a token may also ask there at once."""
    row = machine(request, pk, "dial")
    there = live_links.to_files(request._request, row.pk)
    return Response(status=307, headers={"Location": there, "Cache-Control": "no-store"})
