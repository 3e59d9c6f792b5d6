"""`python -m clients.python.generate`: write minga_client/models.py from the portal's OpenAPI schema.

Only what the API answers becomes a class; what is sent are plain arguments of the client's methods.
"""

import os
import textwrap
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "minga_client" / "models.py"
HEAD = '''"""Answers of the API. Generated from its schema by clients/python/generate.py: change nothing here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
'''
NOT_IN_CLIENT = ("/catalog/", "/changes/")  # parts of addresses for which the client has no method
_PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}


def source(schema: dict[str, Any]) -> str:
    """Return the text of models.py for an OpenAPI schema."""
    components = schema["components"]["schemas"]
    names: list[str] = []
    for kind in sorted(_answers(schema)):
        _collect(kind, components, names)
    return HEAD + "".join(f"\n\n{_class(name, components)}" for name in names)


def _answers(schema: dict[str, Any]) -> set[str]:
    """Return the components that successful answers to the client have."""
    paths = (each for path, each in schema["paths"].items() if not any(part in path for part in NOT_IN_CLIENT))
    operations = [operation for path in paths for operation in path.values()]
    answers = [answer for each in operations for code, answer in each["responses"].items() if code[0] == "2"]
    kinds = [content["schema"] for answer in answers for content in answer.get("content", {}).values()]
    return {name for kind in kinds if (name := _reference(kind) or _reference(kind.get("items", {})))}


def _collect(name: str, components: dict[str, Any], names: list[str]) -> None:
    """Add a class behind those that it needs."""
    if name in names or "properties" not in components[name]:
        return
    for kind in components[name]["properties"].values():
        if inner := _reference(kind) or _reference(kind.get("items", {})):
            _collect(inner, components, names)
    names.append(name)


def _reference(kind: dict[str, Any]) -> str:
    found = kind.get("$ref") or next((each.get("$ref", "") for each in kind.get("allOf", [])), "")
    return str(found).rpartition("/")[2]


def _class(name: str, components: dict[str, Any]) -> str:
    lines = ["@dataclass(frozen=True, slots=True)", f"class {_short(name)}:"]
    for field, kind in components[name]["properties"].items():
        said = " ".join(kind.get("description", "").partition("\n\n*")[0].split())
        lines += [f"    # {line}" for line in textwrap.wrap(said, 110)]
        lines.append(f"    {field}: {_type(kind, components)}")
    return "\n".join(lines) + "\n"


def _short(name: str) -> str:
    return name.removesuffix("Out")


def _type(kind: dict[str, Any], components: dict[str, Any]) -> str:
    name = _reference(kind)
    if name:  # an enumeration is a plain text: a newer portal may have one word more
        found = _short(name) if "properties" in components[name] else "str"
    elif kind.get("type") == "array":
        found = f"list[{_type(kind['items'], components)}]"
    elif kind.get("type") == "object":
        found = "dict[str, Any]"
    else:
        found = "datetime" if kind.get("format") == "date-time" else _PLAIN.get(kind.get("type", ""), "Any")
    return f"{found} | None" if kind.get("nullable") else found


def current_schema() -> dict[str, Any]:
    """Return the schema of this repository's API. Django must be set up."""
    from drf_spectacular.generators import SchemaGenerator

    generator: Any = SchemaGenerator  # it has no types
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    return schema


def main() -> None:
    # Nothing opens the database; the settings only want to see an address.
    os.environ.setdefault("SECRET_KEY", "only-for-the-schema-and-nothing-is-signed")
    os.environ.setdefault("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    os.environ.setdefault("DB_POOL", "off")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    FILE.write_text(source(current_schema()))


if __name__ == "__main__":
    main()
