"""The reference of the API for people: the OpenAPI schema, arranged for the page /api/docs/."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.text import slugify
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator

Schema = Mapping[str, Any]
# What stands in an example for a value of a format, or of a type.
_EXAMPLES: dict[str, Any] = {
    "date-time": "2027-02-01T08:00:00Z", "uuid": "6f1c…", "email": "ana@example.org",
    "string": "…", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of an operation, or a field of what is sent or answered."""

    name: str
    type: str
    about: str
    needed: bool = False
    shape: str = ""  # the name of the shape that it has
    place: str = ""  # of a parameter: path, query or header


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with what it means."""

    status: str
    about: str
    shape: str = ""
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A method at an address."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]
    refusals: list[Answer]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations on one noun."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that is answered, with its fields; or the words that a field may have."""

    name: str
    about: str
    fields: list[Field]
    words: list[str]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole reference."""

    groups: list[Group]
    shapes: list[Shape]


@cache
def reference() -> Reference:
    """Return the reference. The schema is made once in each process: its texts are English in all languages."""
    with override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return arranged(json.loads(json.dumps(schema, default=str)))


def arranged(schema: Schema) -> Reference:
    """Return an OpenAPI schema in groups, one for each tag."""
    shapes = schema["components"]["schemas"]
    groups: dict[str, Group] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            name = operation["tags"][0]
            groups.setdefault(name, Group(name)).operations.append(_operation(method, path, operation, shapes))
    return Reference(
        list(groups.values()), [_shape(name, shapes[name]) for name in sorted(_answered(groups.values(), shapes))]
    )


def _operation(method: str, path: str, operation: Schema, shapes: Schema) -> Operation:
    sent = _schema_of(operation.get("requestBody", {}))
    shape = shapes.get(_reference(sent), {})
    answers = [_answer(status, answer) for status, answer in sorted(operation["responses"].items())]
    summary = operation["summary"]
    return Operation(
        id=slugify(operation["operationId"]),
        method=method.upper(),
        path=path,
        summary=summary,
        about=operation.get("description", "").removeprefix(summary).strip(),
        parameters=[_parameter(each) for each in operation.get("parameters", [])],
        body=_fields(shape),
        answers=[answer for answer in answers if answer.status[0] in "23"],
        refusals=[answer for answer in answers if answer.status[0] in "45"],
        curl=_curl(method.upper(), path, _example(shape, shapes), has_token={} not in operation.get("security", [{}])),
    )


def _parameter(parameter: Schema) -> Field:
    kind = parameter["schema"]
    return Field(
        parameter["name"],
        _type(kind),
        parameter.get("description", ""),
        bool(parameter.get("required")),
        place=parameter["in"],
    )


def _schema_of(holder: Schema) -> Schema:
    """Return the schema of what a request or an answer carries, in whichever format stands first."""
    schemas: list[Schema] = [content.get("schema", {}) for content in holder.get("content", {}).values()]
    return schemas[0] if schemas else {}


def _answer(status: str, answer: Schema) -> Answer:
    shape = _schema_of(answer)
    is_list = shape.get("type") == "array"
    name = _reference(shape.get("items", {}) if is_list else shape)
    return Answer(status, answer.get("description", ""), "" if status[0] in "45" else name, is_list)


# ---- fields and shapes ----


def _fields(shape: Schema) -> list[Field]:
    needed = shape.get("required", [])
    return [
        Field(name, _type(kind), _about(kind), name in needed, _inner(kind))
        for name, kind in shape.get("properties", {}).items()
    ]


def _about(kind: Schema) -> str:
    """Return what the schema says of a field, without the list of its words, which its shape has."""
    return str(kind.get("description", "")).partition("\n\n*")[0].strip()


def _type(kind: Schema) -> str:
    """Return a type in words: a text, a number, a list of …"""
    if kind.get("type") == "array":
        inner = kind.get("items", {})
        return f"list of {_reference(inner) or inner.get('type', 'anything')}"
    name = _reference(kind) or kind.get("format") or kind.get("type", "anything")
    return f"{name} or null" if kind.get("nullable") else str(name)


def _inner(kind: Schema) -> str:
    return _reference(kind.get("items", {}) if kind.get("type") == "array" else kind)


def _reference(kind: Schema) -> str:
    found = kind.get("$ref") or next((each.get("$ref", "") for each in kind.get("allOf", [])), "")
    return str(found).rpartition("/")[2]


def _shape(name: str, shape: Schema) -> Shape:
    return Shape(name, _about(shape), _fields(shape), [str(word) for word in shape.get("enum", [])])


def _answered(groups: Any, shapes: Schema) -> set[str]:
    """Return the names of all shapes that an operation takes or answers, with those inside them."""
    operations = [operation for group in groups for operation in group.operations]
    waiting = [answer.shape for operation in operations for answer in operation.answers]
    waiting += [each.shape for operation in operations for each in operation.body]
    found = {"Problem"}
    waiting += _parts_of(shapes["Problem"])
    while waiting:
        name = waiting.pop()
        if name and name not in found:
            found.add(name)
            waiting += _parts_of(shapes[name])
    return found


def _parts_of(shape: Schema) -> Iterator[str]:
    return (_inner(kind) for kind in shape.get("properties", {}).values())


# ---- examples ----


def _curl(method: str, path: str, body: dict[str, Any], *, has_token: bool) -> str:
    """Return a line for a terminal, with the variables of docs/api.md."""
    words = ["curl -sSf", *([f"-X {method}"] if method != "GET" else [])]
    words += ['-H "Authorization: Bearer $TOKEN"'] if has_token else []
    if body:
        text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        words += ["-H 'Content-Type: application/json'", f"-d '{text}'"]
    return " ".join([*words, f'"$MINGA_URL{path}"'])


def _example(shape: Schema, shapes: Schema) -> dict[str, Any]:
    """Return a body with the fields that are needed; with the first one where none is."""
    fields = shape.get("properties", {})
    names = shape.get("required") or list(fields)[:1]
    return {name: _value(name, fields[name], shapes) for name in fields if name in names}


def _value(name: str, kind: Schema, shapes: Schema) -> Any:
    inner = shapes.get(_reference(kind), {})
    if words := inner.get("enum") or kind.get("enum"):
        return words[0]
    if inner:
        return _example(inner, shapes)
    if kind.get("type") == "array":
        return [_value(name, kind.get("items", {}), shapes)]
    return _EXAMPLES.get(kind.get("format", ""), _EXAMPLES.get(kind.get("type", "string")))
