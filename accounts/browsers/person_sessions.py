"""End the sessions of a person, as an administrator does. Each end is recorded."""

from django.db import transaction

from accounts.audit.trail import Thing, record
from accounts.browsers import browser_sessions
from accounts.browsers.models import BrowserSession
from accounts.models import User


@transaction.atomic
def end(*, row: BrowserSession, by: User | None) -> None:
    """Sign a person out in one browser."""
    record(by=by, verb="end_session", whom=row.user_id, thing=Thing("person", row.user_id))
    browser_sessions.end(row)


@transaction.atomic
def end_all(*, person: User, by: User | None, with_tokens: bool) -> None:
    """Sign a person out in all browsers, and where asked for in their programs, too."""
    detail = {"tokens": with_tokens}
    record(by=by, verb="end_sessions", whom=person, thing=Thing("person", person.pk), detail=detail)
    browser_sessions.end_all(person, with_tokens=with_tokens)
