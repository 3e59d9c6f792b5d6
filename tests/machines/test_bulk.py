"""Runs of one verb for many machines: the set is fixed by the preview, done once, a row at a time, and survives what kills a worker."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.failures import Failures
from accounts.models import AuditRow, RowFailure, User
from machines import actions, bulk_preview, bulk_work
from machines.bulk_preview import BIN, KEEP_AWAKE, BulkRefused
from machines.models import BulkItem, BulkRun, Hold, Machine
from tests.factories import make_machine

State, Outcome = BulkRun.State, BulkItem.Outcome


@pytest.fixture(autouse=True)
def three(student: User) -> list[Machine]:
    return [make_machine(student, name=f"m{n}") for n in range(3)]


def prepared(admin: User, verb: str = "suspend") -> BulkRun:
    return bulk_preview.prepare(machines=Machine.objects.all(), verb=verb, by=admin)


def started(admin: User, verb: str = "suspend", **facts: Any) -> BulkRun:
    run = prepared(admin, verb)
    bulk_preview.start(run=run, by=admin, **facts)
    return run


def work() -> int:
    return bulk_work.carry_out(timezone.now())


def outcomes(run: BulkRun) -> list[str]:
    return list(run.items.order_by("pk").values_list("outcome", flat=True))


def test_the_preview_counts_what_would_change_and_why_the_rest_would_not(admin: User, student: User) -> None:
    make_machine(student, name="asleep", state="suspended")
    make_machine(student, name="binned", binned_at=timezone.now(), wanted="archived")
    run = prepared(admin)
    assert (run.chosen, run.items.count(), run.left) == (5, 3, {"suspended": 1, BIN: 1})


def test_nothing_happens_before_it_is_started(admin: User) -> None:
    run = prepared(admin)
    assert work() == 0
    assert outcomes(run) == [Outcome.WAITING] * 3


def test_it_is_done_by_row_and_recorded_for_each(admin: User, student: User) -> None:
    run = started(admin, address="192.0.2.7")
    assert work() == 3
    run.refresh_from_db()
    assert (run.state, outcomes(run)) == (State.DONE, [Outcome.DONE] * 3)
    assert set(Machine.objects.values_list("wanted", flat=True)) == {"suspended"}
    rows = AuditRow.objects.filter(verb="suspend", who=admin, whom=student, address="192.0.2.7")
    assert rows.count() == 3


def test_started_twice_is_once(admin: User) -> None:
    run = started(admin)
    bulk_preview.start(run=run, by=admin)
    work()
    bulk_preview.start(run=run, by=admin)
    assert work() == 0
    assert AuditRow.objects.filter(verb="suspend").count() == 3


def test_a_machine_that_came_later_is_not_concerned(admin: User, student: User) -> None:
    run = prepared(admin)
    later = make_machine(student, name="later")
    bulk_preview.start(run=run, by=admin)
    work()
    later.refresh_from_db()
    assert later.wanted == "running"


def test_what_changed_meanwhile_is_refused_with_its_reason(admin: User, student: User, three: list[Machine]) -> None:
    run = started(admin)
    actions.suspend(machine=three[0], by=student)
    work()
    assert sorted(outcomes(run)) == [Outcome.DONE, Outcome.DONE, Outcome.REFUSED]
    assert str(run.items.get(outcome=Outcome.REFUSED).note) == "It is going to sleep or sleeping already."


def test_a_poisoned_row_stops_no_other_and_is_tried_again(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(admin)
    poisoned = run.items.order_by("pk").first()
    act = bulk_work._act

    def fails(item: BulkItem, by: User, now: Any) -> None:
        if poisoned and item.pk == poisoned.pk:
            raise ValueError("poison")
        act(item, by, now)

    with monkeypatch.context() as patched:
        patched.setattr(bulk_work, "_act", fails)
        work()
    assert outcomes(run) == [Outcome.WAITING, Outcome.DONE, Outcome.DONE]
    assert RowFailure.objects.get(loop="bulk").fails == 1
    assert work() == 0  # it rests
    bulk_work.carry_out(timezone.now() + timedelta(minutes=1))
    run.refresh_from_db()
    assert (run.state, outcomes(run)) == (State.DONE, [Outcome.DONE] * 3)


def test_what_a_killed_worker_left_is_done_by_the_next(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_work, "MOST", 2)
    run = started(admin)
    work()
    assert outcomes(run).count(Outcome.DONE) == 2
    work()
    assert outcomes(run) == [Outcome.DONE] * 3


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": ["teacher"]}])
def test_the_run_of_who_is_no_administrator_any_more_does_no_more(admin: User, change: dict[str, Any]) -> None:
    run = started(admin)
    User.objects.filter(pk=admin.pk).update(**change)
    work()
    assert set(outcomes(run)) == {Outcome.REFUSED}
    assert set(Machine.objects.values_list("wanted", flat=True)) == {"running"}


def test_keeping_awake_takes_an_end(admin: User) -> None:
    until = timezone.now() + timedelta(hours=4)
    for bad in (None, timezone.now(), timezone.now() + timedelta(days=8)):
        with pytest.raises(BulkRefused):
            started(admin, KEEP_AWAKE, until=bad)
    started(admin, KEEP_AWAKE, until=until)
    work()
    assert set(Hold.objects.values_list("ends_at", flat=True)) == {until}


def test_keeping_awake_until_a_time_that_is_over_by_now_ends_with_a_reason(admin: User) -> None:
    run = started(admin, KEEP_AWAKE, until=timezone.now() + timedelta(hours=4))
    bulk_work.carry_out(timezone.now() + timedelta(hours=5))  # no worker ran in between
    run.refresh_from_db()
    assert (run.state, set(outcomes(run))) == (State.DONE, {Outcome.REFUSED})
    assert not RowFailure.objects.exists()


def test_sleeping_machines_are_not_kept_awake(admin: User, three: list[Machine]) -> None:
    run = started(admin, KEEP_AWAKE, until=timezone.now() + timedelta(hours=4))
    actions.suspend(machine=three[0], by=admin)
    work()
    assert str(run.items.get(outcome=Outcome.REFUSED).note) == "It is not on any more."


@pytest.mark.parametrize("verb", [v for v in bulk_preview.VERBS if v != KEEP_AWAKE])
def test_each_verb_has_its_words_and_fits_some_state(admin: User, student: User, verb: str) -> None:
    make_machine(student, name="asleep", state="suspended")
    assert bulk_preview.LABELS[verb]
    assert prepared(admin, verb).items.exists()


def test_old_numbers_none_and_too_many_are_refused(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = prepared(admin)
    BulkRun.objects.filter(pk=run.pk).update(at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(BulkRefused, match="Choose the machines again"):
        bulk_preview.start(run=run, by=admin)
    with pytest.raises(BulkRefused, match="at least one"):
        bulk_preview.prepare(machines=Machine.objects.none(), verb="suspend", by=admin)
    with pytest.raises(BulkRefused, match="Nothing would change"):
        started(admin, "wake")
    monkeypatch.setattr(bulk_preview, "MOST", 2)
    with pytest.raises(BulkRefused, match="narrow the filters"):
        prepared(admin)


def test_old_runs_are_forgotten(admin: User) -> None:
    started(admin)
    work()
    prepared(admin, "wake")
    bulk_work.forget(timezone.now() + timedelta(hours=23))
    assert BulkRun.objects.count() == 2
    bulk_work.forget(timezone.now() + timedelta(days=31))
    assert not BulkRun.objects.exists()


def test_the_failures_are_not_read_while_nothing_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Failures, "read", lambda self: pytest.fail("read"))
    assert work() == 0
