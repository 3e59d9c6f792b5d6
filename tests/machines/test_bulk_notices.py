"""Mails about runs of one verb for many machines: each owner is written to once, of theirs alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import mail
from machines import actions, bulk_notices, bulk_preview, bulk_work
from machines.bulk_preview import KEEP_AWAKE
from machines.models import BulkItem, BulkRun, Machine
from tests.factories import grant, make_machine


@pytest.fixture(autouse=True)
def machines(student: User, student2: User, admin: User) -> list[Machine]:
    """Two of one student, one of another, one of the administrator's own."""
    for person in (student, student2, admin):
        grant(person)
    owners = {"condor": student, "puma": student, "tapir": student2, "llama": admin}
    return [make_machine(owner, name=name) for name, owner in owners.items()]


def started(admin: User, verb: str = "suspend", **facts: Any) -> BulkRun:
    run = bulk_preview.prepare(machines=Machine.objects.all(), verb=verb, by=admin)
    bulk_preview.start(run=run, by=admin, **facts)
    return run


def work(after: timedelta = timedelta()) -> None:
    bulk_work.carry_out(timezone.now() + after)


def written_to() -> list[str]:
    return list(
        Notice.objects.filter(kind=bulk_notices.KIND).order_by("pk").values_list("recipient__username", flat=True)
    )


def sent(mailoutbox: list[Any]) -> dict[str, Any]:
    mail.send_due(timezone.now())
    return {message.to[0].partition("@")[0]: message for message in mailoutbox}


def test_each_owner_is_written_to_once_and_whoever_asked_is_not(admin: User) -> None:
    started(admin)
    for _twice in range(2):
        work()
    assert sorted(written_to()) == ["student", "student2"]


def test_the_mail_names_theirs_and_nobody_elses(admin: User, mailoutbox: list[Any]) -> None:
    started(admin)
    work()
    mails = sent(mailoutbox)
    assert mails["student"].subject == "An administrator put 2 of your machines to sleep"
    assert "- condor\n- puma\n" in mails["student"].body
    assert "/account/staff/" in mails["student"].body
    assert "tapir" not in mails["student"].body + mails["student"].alternatives[0][0]
    assert mails["student2"].subject == "An administrator put 1 of your machines to sleep"


def test_it_is_in_its_reader_s_language(admin: User, mailoutbox: list[Any]) -> None:
    User.objects.update(language="es")
    started(admin, "archive")
    work()
    message = sent(mailoutbox)["student"]
    assert message.subject == "La administración archivó 2 de tus máquinas"
    assert "An administrator" not in message.body + message.alternatives[0][0]


@pytest.mark.parametrize("verb", bulk_preview.VERBS)
def test_each_verb_has_its_words(admin: User, student: User, verb: str, mailoutbox: list[Any]) -> None:
    Machine.objects.update(**({"state": "suspended", "wanted": "suspended"} if verb == "wake" else {}))
    started(admin, verb, until=timezone.now() + timedelta(hours=4))
    work()
    body = sent(mailoutbox)["student"].body
    assert str(bulk_notices._MEANS[verb]) in body
    assert ("stay awake until" in body) == (verb == KEEP_AWAKE)


def test_of_what_was_refused_nobody_is_told(admin: User, student2: User, machines: list[Machine]) -> None:
    started(admin)
    actions.suspend(machine=machines[2], by=student2)
    work()
    assert written_to() == ["student"]


def test_who_may_not_sign_in_is_not_written_to(admin: User, student: User) -> None:
    started(admin)
    User.objects.filter(pk=student.pk).update(is_active=False)
    work()
    assert written_to() == ["student2"]


def test_one_with_whose_machine_it_fails_is_told_when_it_is_done(
    admin: User, machines: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poisoned row keeps its owner's mail back, and nobody else's; the mail then names all of theirs."""
    started(admin)
    act = bulk_work._act

    def fails(item: BulkItem, by: User, now: Any) -> None:
        if item.machine_id == machines[0].pk:
            raise ValueError("poison")
        act(item, by, now)

    with monkeypatch.context() as patched:
        patched.setattr(bulk_work, "_act", fails)
        work()
    assert written_to() == ["student2"]
    work(timedelta(minutes=1))
    assert written_to() == ["student2", "student"]


def test_a_worker_that_is_killed_before_it_writes_leaves_it_to_the_next(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(admin)

    def killed(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bulk_notices, "notify_owners", killed)
        with pytest.raises(KeyboardInterrupt):
            work()
    run.refresh_from_db()
    assert (run.state, written_to()) == (BulkRun.State.RUNNING, [])
    work()
    run.refresh_from_db()
    assert (run.state, len(written_to())) == (BulkRun.State.DONE, 2)


def test_many_owners_cost_no_more_queries(admin: User, django_assert_max_num_queries: Any) -> None:
    run = started(admin)
    work()
    Notice.objects.all().delete()
    people = User.objects.bulk_create(User(username=f"p{n}") for n in range(30))
    for machine, person in zip(Machine.objects.all(), people, strict=False):
        Machine.objects.filter(pk=machine.pk).update(owner=person)
    with django_assert_max_num_queries(4):
        bulk_notices.notify_owners(run, timezone.now())
    assert len(written_to()) == 4
