"""Odd values in every field of every form: a sentence at the worst, never a fault of ours, and no way to another site."""

from typing import Any

import pytest
from django.db import transaction

from tests.portal.callers import Address, Caller
from tests.portal.page_forms import PageForm, forms_of
from tests.portal.test_walk import addresses as addresses

pytestmark = pytest.mark.slow

ODD = (
    "",
    "a\0b",
    "a\nb\r\nc",
    "x" * 30_000,
    "\u202egnp.exe",
    "👩\u200d👩\u200d👧\U0001f1ea",
    "=1+1",
    "<script>alert(1)</script>{{ 7 }}{% now %}%(name)s%s",
    "9" * 40,
    "-1",
    "1e400",
    "٣",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "{}",
    "[[[",
    "//evil.example/",
    "\\\\evil.example",
)
EACH = 2  # values for each field, others for the next; len(ODD): all for all, which takes minutes
NOT_TRIED = ("csrfmiddlewaretoken", "once")


@pytest.mark.parametrize("role", ["student", "teacher", "admin"])
def test_odd_values_break_no_form(role: str, addresses: list[Address], request: pytest.FixtureRequest) -> None:
    caller = Caller(request.getfixturevalue(role))
    caller.client.raise_request_exception = False
    forms = {(form.url, *form.names): form for address in addresses for form in _forms(caller, address)}
    fields = [(form, name) for form in forms.values() for name in form.names if name not in NOT_TRIED]
    tried = [(*field, ODD[(place + 7 * turn) % len(ODD)]) for place, field in enumerate(fields) for turn in range(EACH)]
    answers = {(form.url, name, odd[:30]): _sent(caller, form, name, odd) for form, name, odd in tried}
    assert {what: answer for what, answer in answers.items() if answer} == {}


def _forms(caller: Caller, address: Address) -> list[PageForm]:
    if address.url.startswith(("/api/", "/agent/")):
        return []
    reply = caller.reply(address, "GET")
    is_page = reply.status_code == 200 and "text/html" in reply.get("Content-Type", "")
    return forms_of(address.url, reply.content.decode()) if is_page else []


def _sent(caller: Caller, form: PageForm, name: str, odd: str) -> Any:
    """Return what is wrong with the answer; None for nothing."""
    with transaction.atomic():
        caller._begin_anew()
        reply = caller.client.post(form.url, {**form.sent, name: odd})
        caller.is_changed = True
        transaction.set_rollback(True)
    where = reply.get("Location", "").partition("?")[0]
    if reply.status_code >= 500 or "evil" in where:
        return reply.status_code, where, repr(getattr(reply, "exc_info", None))[:300]
    return None
