"""Turn JSON into the dataclasses of models.py."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .errors import OtherServer

T = TypeVar("T")


def decode(kind: type[T], data: Any) -> T:
    """Make a `kind` of what was sent. Fields that this client does not know are left out: a newer portal sends more.

    Raises OtherServer where something is missing or has another form.
    """
    try:
        made: T = _value(kind, data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise OtherServer(
            f"This portal tells of a {kind.__name__} in a way that this client does not understand. Update whichever is older."
        ) from None
    return made


def decode_all(kind: type[T], data: Any) -> list[T]:
    if not isinstance(data, list):
        raise OtherServer(
            "This portal answers in a way that this client does not understand. Update whichever is older."
        )
    return [decode(kind, each) for each in data]


def _value(kind: Any, data: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _value(hint, data[name]) for name, hint in _hints(kind).items()})
    if get_origin(kind) is UnionType:
        return None if data is None else _value(next(k for k in get_args(kind) if k is not NoneType), data)
    if get_origin(kind) is list:
        return [_value(get_args(kind)[0], each) for each in list(data)]
    if kind is datetime:
        at = datetime.fromisoformat(data)
        at.astimezone()  # raises for a time that cannot be shown here
        return at
    plain = get_origin(kind) or kind
    if plain is Any or type(data) is plain:
        return data
    raise TypeError


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
