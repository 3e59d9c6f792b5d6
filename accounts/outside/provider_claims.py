"""Read what an identity provider says of a person: claims of OpenID Connect, attributes of SAML."""

from collections.abc import Mapping
from typing import Any

from accounts.outside.arrivals import Arrival


def values_at(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Return the texts at a claim: a text, or a list of them. A path leads into objects: realm_access.roles."""
    found: Any = claims.get(path)  # some providers name claims by addresses, which have dots
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    texts = found if isinstance(found, list) else [found]
    return frozenset(text for text in texts if isinstance(text, str) and text)


def text_at(claims: Mapping[str, Any], path: str) -> str:
    """Return one text, the first in order where there are several; '' for none."""
    return min(values_at(claims, path), default="")


def arrival_of_attributes(way: str, attributes: Mapping[str, Any], name_id: str, names: Mapping[str, str]) -> Arrival:
    """Return who arrives by SAML. `names` says which attribute is the id, name, email, full_name and values (for the table of roles)."""
    subject = name_id if names["id"] == "NameID" else _attribute(attributes, names["id"])
    return Arrival(
        way, subject, _attribute(attributes, names["name"]), _attribute(attributes, names["email"]),
        _attribute(attributes, names["full_name"]), _attributes(attributes, names["values"]),
    )  # fmt: skip


def _attribute(attributes: Mapping[str, Any], name: str) -> str:
    return min(_attributes(attributes, name), default="")


def _attributes(attributes: Mapping[str, Any], name: str) -> frozenset[str]:
    """Return the values of an attribute. Its name has dots and is no path."""
    return frozenset(value for value in attributes.get(name, ()) if isinstance(value, str) and value)


def arrival_of(way: str, claims: Mapping[str, Any], *, name: str, values: str) -> Arrival:
    """Return who arrives by OpenID Connect. An address counts only where the provider says that it is proven."""
    is_proven = claims.get("email_verified") is True
    return Arrival(
        way, subject=text_at(claims, "sub"), name=text_at(claims, name), full_name=text_at(claims, "name"),
        email=text_at(claims, "email") if is_proven else "", values=values_at(claims, values) if values else frozenset(),
    )  # fmt: skip
