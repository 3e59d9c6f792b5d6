"""Addresses of the live process for programs, each with a ticket: good once, for a minute."""

import secrets
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from portal import live_links
from portal.api import inputs
from portal.api import serializers as s
from portal.api.request_parts import body, machine
from portal.live_addresses import TERMINAL, terminal_purpose


class OpenTerminal(serializers.Serializer[Any]):
    session = inputs.Text(
        required=False,
        validators=[RegexValidator(r"^[a-z0-9]{1,20}\Z", _("A session has up to 20 small letters and digits."))],
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
