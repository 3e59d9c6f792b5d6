"""Authenticate programs by token and browsers by session, in the language that the person chose; parse JSON bodies within limits."""

import json
from io import BytesIO
from typing import Any

from django.utils import timezone, translation
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework import authentication, exceptions, parsers
from rest_framework.request import Request

from accounts import tokens
from accounts.time_zones import zone_of
from portal.bad_requests import TooLarge

LARGEST_BODY = 1_000_000  # bytes; user-data of a template is the longest thing that is sent


class Bearer(TokenAuthentication):  # type: ignore[misc]
    def authenticate(self, request: Request) -> Any:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not (header.isascii() and header.isprintable()):  # no token of ours; the database takes no NUL
            raise exceptions.AuthenticationFailed
        known = super().authenticate(request)
        if known:
            tokens.note_use(known[1], timezone.now())
            timezone.activate(zone_of(known[0]))  # middleware.time_zone knows sessions only, and ends this
        return in_their_language(known)


class Session(authentication.SessionAuthentication):
    def authenticate(self, request: Request) -> Any:
        return in_their_language(super().authenticate(request))


def in_their_language(known: Any) -> Any:
    if known and known[0].language:
        translation.activate(known[0].language)
    return known


class BearerScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.Bearer"
    name = "token"


class CookieScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.Session"
    name = "session"


class JSONParser(parsers.JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Parse as DRF does, with a limit; brackets nested a thousand deep and half of a surrogate pair are bad JSON, too."""
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise TooLarge
        body = stream.read(LARGEST_BODY + 1)  # a chunked body states no length
        if len(body) > LARGEST_BODY:
            raise TooLarge
        try:
            parsed = super().parse(BytesIO(body), media_type, parser_context)
            if b"\\ud" in body.lower():  # half of a pair can be neither stored nor sent back
                json.dumps(parsed, ensure_ascii=False).encode()
            return parsed
        except (RecursionError, UnicodeEncodeError):
            raise exceptions.ParseError from None
