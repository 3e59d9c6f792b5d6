"""People with an account of the local cloud: names, hashed passwords and roles. For trials, and for the tests of the contract.

A person with an `owner` was made by the portal for one of its own people: cloud.contract.Users.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from cloud.contract import CloudGone, CloudRefused, Denial
from cloud.localcloud.store import Store

KEY = "people"  # under which the store keeps them, as JSON: {name in small letters: facts}
MOST_FAILURES = 5  # wrong passwords in a row, after which the account is locked
COST: dict[str, int] = {"n": 2**13, "r": 8, "p": 1}  # of scrypt: 8 MiB for each check


async def put(store: Store, name: str, facts: dict[str, Any]) -> None:
    """Write a person: password, email, full_name, roles, and `denied` (a Denial, or '') whatever the password."""
    salt = secrets.token_hex(16)
    known = _all(store).get(name.lower(), {})
    row = {
        "id": known.get("id") or uuid.uuid4().hex, "name": name, "email": facts.get("email", ""), "full_name": facts.get("full_name", ""),
        "roles": sorted(facts.get("roles", [])), "denied": facts.get("denied", ""), "failures": 0,
        "salt": salt, "hash": await _hash(facts["password"], salt),
    }  # fmt: skip
    _write(store, name, row)


async def sign_in(store: Store, name: str, password: str) -> dict[str, Any]:
    """Return {"person": …}, or {"denied": …}."""
    row = _all(store).get(name.lower())
    typed = await _hash(password, row["salt"] if row else "")
    if row is None:
        return {"denied": Denial.WRONG}
    if row["denied"] == Denial.LOCKED or row["failures"] >= MOST_FAILURES:
        return {"denied": Denial.LOCKED}
    if not hmac.compare_digest(typed, row["hash"]):
        fresh = _all(store)[name.lower()]  # another check may have ended in between
        _write(store, name, {**fresh, "failures": fresh["failures"] + 1})
        return {"denied": Denial.WRONG}
    if row["failures"]:
        _write(store, name, {**row, "failures": 0})
    if row["denied"]:
        return {"denied": row["denied"]}
    return {"person": {key: row[key] for key in ("id", "name", "email", "full_name", "roles")}}


async def ensure_user(store: Store, wish: dict[str, Any]) -> dict[str, str]:
    """Make an owner's person or bring it in line, and return its id. See cloud.contract.Users."""
    row = _owned(store, wish)
    if row is None and wish["id"]:
        raise CloudGone("There is no such person.")
    password = wish["password"] or ("" if row else secrets.token_hex(16))
    salt = secrets.token_hex(16)
    typed = await _hash(password, salt) if password else ""
    row = _owned(store, wish) or row or _new(wish)  # another call may have ended in between
    changes: dict[str, Any] = {"salt": salt, "hash": typed, "failures": 0} if password else {}
    if wish["enabled"] is not None:
        changes["denied"] = "" if wish["enabled"] else Denial.LOCKED
    _write(store, row["name"], {**row, **changes})
    return {"id": row["id"]}


def delete_user(store: Store, wish: Mapping[str, str]) -> None:
    """Forget an owner's person."""
    known = _all(store)
    kept = {name: row for name, row in known.items() if not _is_of(row, wish)}
    if kept != known:
        store.set_meta(KEY, json.dumps(kept))


def _owned(store: Store, wish: dict[str, Any]) -> dict[str, Any] | None:
    """Return the owner's person, by id or name. Raises CloudRefused for a name that is somebody else's."""
    known = _all(store)
    if found := next((row for row in known.values() if _is_of(row, wish)), None):
        return found
    if not wish["id"] and wish["name"].lower() in known:
        raise CloudRefused(f"The name {wish['name']} is somebody else's.")
    return None


def _is_of(row: Mapping[str, Any], wish: Mapping[str, Any]) -> bool:
    is_named = row["id"] == wish["id"] if wish["id"] else row["name"].lower() == wish["name"].lower()
    return bool(is_named and row.get("owner") == wish["owner"])


def _new(wish: dict[str, Any]) -> dict[str, Any]:
    facts = {"email": "", "full_name": "", "roles": ["member"], "denied": "", "failures": 0}
    return {**facts, "id": uuid.uuid4().hex, "name": wish["name"], "owner": wish["owner"]}


async def _hash(password: str, salt: str) -> str:
    found = await asyncio.to_thread(hashlib.scrypt, password.encode(), salt=salt.encode(), **COST)
    return found.hex()


def _all(store: Store) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(store.meta(KEY) or "{}")
    return found


def _write(store: Store, name: str, row: dict[str, Any]) -> None:
    store.set_meta(KEY, json.dumps({**_all(store), name.lower(): row}))
