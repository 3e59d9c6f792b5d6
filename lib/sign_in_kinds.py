"""Kinds of settings by which people sign in."""

import re

from lib.environment import Kind


def _domains(text: str) -> list[str]:
    domains = [domain.strip().lower().lstrip("@") for domain in text.split(",") if domain.strip()]
    if any(not re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+", domain) for domain in domains):
        raise ValueError("one of them is no domain")
    return domains


def _fernet_keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
        raise ValueError("one of them is no key")
    return keys


DOMAINS = Kind("domains of e-mail addresses, with commas between: example.org", _domains, "domains, with commas")
FERNET_KEYS = Kind(
    "keys of 44 characters, with commas between. Make one: openssl rand -base64 32 | tr '+/' '-_'",
    _fernet_keys,
    "keys, with commas",
    secret=True,
)


def some_of(*names: str) -> Kind:
    """Return the kind of lists of these names, with commas between."""

    def read(text: str) -> list[str]:
        chosen = [name.strip() for name in text.split(",") if name.strip()]
        if unknown := set(chosen) - set(names):
            raise ValueError(f"{sorted(unknown)[0]} is none of them")
        return chosen

    return Kind(f"some of: {', '.join(names)}", read, f"of {', '.join(names)}; with commas")
