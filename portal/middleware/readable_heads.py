"""Heads of requests that Django fails to read, before any middleware could answer: an ASGI function for web and live."""

import codecs
from collections.abc import MutableMapping
from typing import Any

from django.utils.http import parse_header_parameters

Scope = MutableMapping[str, Any]
KIND = b"content-type"


def readable(scope: Scope) -> Scope:
    """Return the scope without a Content-Type whose parameters, or whose own charset, cannot be read (`x*=none''y`, `charset*=utf-8''%00`).

    Its request is answered like one that does not say of which kind its body is.
    """
    kind = b",".join(value for name, value in scope.get("headers", ()) if name == KIND).decode("latin-1")
    try:
        _kind, parameters = parse_header_parameters(kind)
        codecs.lookup(parameters.get("charset", "utf-8"))
    except (ValueError, LookupError):
        return {**scope, "headers": [line for line in scope["headers"] if line[0] != KIND]}
    return scope
