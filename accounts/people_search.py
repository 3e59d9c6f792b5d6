"""Find people: by a part of their names or address whatever the accents and capital letters, by role, state and last sign-in."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from accounts.models import User
from lib.names import MOST_READ

MOST_WORDS = 8
TEXT = models.TextField()
_LIKE_MARKS, _ESCAPED = re.compile(r"([\\%_])"), r"\\\1"  # characters with a meaning in LIKE
_OTHERS = {"ł": "l", "ø": "o", "đ": "d", "’": "'", "ʼ": "'", "ß": "s"}  # what Unicode does not take apart


class Folded(models.Func):
    """A text without accents and capital letters, as PostgreSQL makes it; the same as `fold`."""

    template = (
        "translate(lower(regexp_replace(normalize(%(expressions)s, NFKD), '[\u0300-\u036f]', '', 'g')), "
        f"'ŁØĐ{''.join(_OTHERS)}', 'lod{''.join(_OTHERS.values()).replace(chr(39), chr(39) * 2)}')"
    )
    output_field = models.TextField()


class ContainsAll(models.Func):
    """Say whether a text contains all of the words. The text is computed once per row, however many words there are."""

    template = "%(expressions)s::text[])"
    arg_joiner = " LIKE ALL ("
    output_field = models.BooleanField()

    def __init__(self, text: Any, words: list[str]) -> None:
        patterns = [f"%{_LIKE_MARKS.sub(_ESCAPED, word)}%" for word in words]
        super().__init__(text, Value(patterns, output_field=ArrayField(TEXT)))


@dataclass(frozen=True, slots=True)
class PeopleFilters:
    """Conditions of the people who are wanted; an empty one wants all. state: active, invited or blocked."""

    text: str = ""
    role: str = ""
    state: str = ""
    last_sign_in_before: datetime | None = None  # whoever never signed in is among them

    def narrow(self, people: QuerySet[User]) -> QuerySet[User]:
        """Select the people who pass."""
        if self.role:
            people = people.filter(holds(self.role))
        if self.last_sign_in_before:
            people = people.filter(Q(last_login=None) | Q(last_login__lt=self.last_sign_in_before))
        if self.state:
            people = people.filter(_STATES[self.state])
        words = fold(self.text).split()[:MOST_WORDS]
        if words:
            text = Folded(Concat(*spaced("first_name", "last_name", "username", "email"), output_field=TEXT))
            people = people.filter(ContainsAll(text, words))
        return people


_STATES = {
    "active": Q(is_active=True),
    "invited": Q(is_active=True, last_login=None, invited_at__isnull=False),
    "blocked": Q(is_active=False),
}


def holds(role: str, person: str = "") -> Q:
    """Select whoever has a role, as User.held_roles tells it. person: the way from a row to its person, `owner__`."""
    given = Q((f"{person}roles__contains", [role]))
    return given | Q((f"{person}is_superuser", True)) if role == User.Role.ADMIN else given


def by_name(people: QuerySet[User]) -> QuerySet[User]:
    """Put people in the order of their names."""
    return people.alias(in_order=sort_name()).order_by("in_order", "pk")


def sort_name() -> Folded:
    """Return the name by which a person is put in order; the username of whoever has none."""
    name = Concat(*spaced("first_name", "last_name"), output_field=TEXT)
    return Folded(Coalesce(NullIf(Trim(name), Value("")), "username"))


def fold(text: str) -> str:
    """Return a text without accents and capital letters."""
    apart = unicodedata.normalize("NFKD", text[:MOST_READ].replace("\0", ""))
    plain = "".join(mark for mark in apart if not "\u0300" <= mark <= "\u036f").lower()
    return "".join(_OTHERS.get(mark, mark) for mark in plain)


def spaced(*columns: str) -> list[Any]:
    """Return the columns with a blank between each two."""
    return [part for column in columns for part in (Value(" "), models.F(column))][1:]
