"""The table that gives roles to people who sign in with an outside account: `keystone:admin=admin,ldap:staff=teacher`.

Reads no model, for the settings are read with it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lib.environment import Kind

ROLES = ("student", "teacher", "donor", "admin")  # as accounts.models.User.Role has them; a test compares both
EVERYBODY = "*"
# Where a rule ends: `;`, or a comma before the next WAY: (the name of a group in a directory has commas of its own).
BETWEEN = re.compile(r"[;\n]|,(?=\s*[\w-]+:)")


@dataclass(frozen=True, slots=True)
class RoleRule:
    """A line of the table: whoever comes this way and has this role, group or value there has this role here."""

    way: str
    value: str
    role: str

    def __str__(self) -> str:
        return f"{self.way}:{self.value}={self.role}"


def read(text: str) -> list[RoleRule]:
    """Read the table. Raises ValueError with the rule that is wrong."""
    return [_rule(part.strip()) for part in BETWEEN.split(text) if part.strip()]


def _rule(text: str) -> RoleRule:
    there, equals, role = text.rpartition("=")
    way, colon, value = there.partition(":")
    if not (equals and colon and way.strip() and value.strip()):
        raise ValueError(f"{text!r} is not WAY:VALUE=ROLE")
    if role.strip() not in ROLES:
        raise ValueError(f"{role.strip()!r} is no role: {', '.join(ROLES)}")
    return RoleRule(way.strip(), value.strip(), role.strip())


def matching(rules: Iterable[RoleRule], way: str, values: Iterable[str]) -> list[RoleRule]:
    """Return the rules that hold for somebody who comes this way with these values; capital letters make no difference."""
    held = {value.casefold() for value in values} | {EVERYBODY}
    return [rule for rule in rules if rule.way == way and rule.value.casefold() in held]


ROLE_TABLE = Kind(
    "rules WAY:VALUE=ROLE, with commas between: keystone:admin=admin,ldap:staff=teacher", read, "rules, with commas"
)
