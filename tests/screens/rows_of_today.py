"""Rows that the recording's installation of 0.3.0 does not have: people of every kind, requests, kept moments, an audit log, terms of use."""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts import own_address, person_actions
from accounts.announcements import writing
from accounts.audit.trail import Thing, asked_from, record
from accounts.models import AuditRow, CloudUser, OutsideAccount, TermsAcceptance, User
from accounts.notices import unsubscribe
from accounts.notices.kinds import kind_of
from accounts.subscriptions import ledger as ledger_of_days
from accounts.terms import versions
from cloud.contract import Host
from courses.models import Template
from lib.measures import Size
from lib.notes import Note
from machines import bulk_preview
from machines.disk_images import NOT_KEPT
from machines.models import BulkRun, DiskImage, Machine
from nodes.hypervisors import looks
from nodes.models import Plan
from nodes.subscriptions import giving
from portal.dashboard import coming_week, day_counts
from portal.help import contents
from portal.models import CloudCheck
from portal.presenters.audit_words import VERBS
from quotas import actions as quota_actions
from quotas.models import QuotaRequest
from tests.nodes.subscribed import running
from tests.pages.second_steps import with_app
from tests.recording.things import Things
from tests.screens import given_rows

MANY = 120  # people: three pages of the list
NEWCOMER = "newcomer"  # has not accepted the terms yet
KINDS = {"image": "edit_image", "size": "edit_size", "grant": "give_grant", "request": "approve_request"}
DETAILS: dict[str, dict[str, Any]] = {
    "give_grant": {"amounts": {"machines": 2, "ram_mb": 4096}, "ends_at": "2027-03-01T22:59:59+00:00"},
    "approve_request": {"note": "Until the end of term.", "amounts": {"machines": 1}, "ends_at": None},
    "refuse_request": {"note": "Archive one of your two machines first."},
    "change_roles": {"roles": ["student", "teacher"]},
    "create_person": {"roles": ["student"], "imported": True},
    "edit_image": {"offered": False},
    "edit_template": {"fields": ["name", "image", "services"]},
    "accept_host_key": {"shown": "SHA256:4vYw8pJtWqGm2nC0aXhQfUeR1sZbLkDi7oTjNyVxPcM"},
}


def add(things: Things) -> None:
    """Add the rows, and put what stands in the addresses of such pages into `things`."""
    admin, student = (User.objects.get(username=name) for name in ("admin", "student"))
    kinds = _people(admin)
    quota_actions.give(user=student, size=Size(machines=2, ram_mb=4096), by=admin, reason="For the thesis")
    requests = _requests(student, admin)
    _moments(things)
    _audit(admin, student)
    _terms(admin)
    things.values["people"] = [
        ("student", str(student.pk)),
        *((name, str(person.pk)) for name, person in kinds.items()),
    ]
    things.values["requests"] = [(state, str(row.pk)) for state, row in requests.items()]
    things.values["announcements"] = [("running", str(_announcements(admin)))]
    things.values["bulk"] = [(state, str(pk)) for state, pk in _bulk(admin).items()]
    things.values["help"] = [(page.name, page.name) for page in contents.PAGES]
    things.values["passkey"] = [("laptop", str(_second_step(student)))]
    things.values["prove"] = [("right", own_address.token(student, "ana@students.example.org"))]
    things.values["unsubscribe"] = [("right", unsubscribe.token(admin, kind_of("quota.asked")))]
    things.values["given"] = [("right", given_rows.donations(admin)), ("ended", "x")]
    things.values |= given_rows.given(admin) | _subscriptions()
    OutsideAccount.objects.create(user=student, way="keystone", subject="id-of-student", name="student")
    CloudUser.objects.create(
        user=User.objects.get(username="teacher"), name="minga-teacher-8a18d021", subject="id-of-teacher"
    )
    _dashboard()
    # So that the teacher has machines to watch.
    Template.objects.update(created_by=User.objects.get(username="teacher"))
    things.values["moments"] = [("ready", "1"), ("failed", "2")]


def _people(admin: User) -> dict[str, User]:
    many = [
        User(
            username=f"est{n}", first_name="María José", last_name=f"Chimbo Ñacato {n:03}", email=f"est{n}@example.org"
        )
        for n in range(MANY)
    ]
    User.objects.bulk_create(many)
    kinds = {name: User.objects.get(username=f"est{n}") for n, name in enumerate(("blocked", "removed"))}
    person_actions.block(person=kinds["blocked"], by=admin)
    person_actions.remove(person=kinds["removed"], by=admin)
    kinds["invited"] = person_actions.create(
        username="",
        name="Andrés Núñez",
        email="anunez@example.org",
        roles=["student", "teacher"],
        by=admin,
        invite=True,
    )
    return kinds


def _requests(student: User, admin: User) -> dict[str, QuotaRequest]:
    """Make a request in every state, of the first template."""
    template, now, state = Template.objects.earliest("pk"), timezone.now(), QuotaRequest.State
    facts = {
        "user": student,
        "subject": template.pk,
        "title": {"en": template.name, "es": template.name_es or template.name},
        "machines": 1,
        "vcpus": 2,
        "ram_mb": 4096,
    }
    reason = "For my thesis on weather stations: one machine collects, the other shows the map."
    decided = {"decided_by": admin, "decided_at": now - timedelta(hours=3)}
    notes = {
        state.OPEN: "",
        state.APPROVED: "Until the end of term.",
        state.REFUSED: "Archive one of your machines first.",
    }
    return {
        str(name): QuotaRequest.objects.create(
            **facts, reason=reason, state=name, note=note, created_at=now - timedelta(days=age), **(decided if note else {})
        )
        for age, (name, note) in enumerate(notes.items())
    }  # fmt: skip


def _announcements(admin: User) -> int:
    """Announce something that is over, something to come, and something that runs. Return the id of that one."""
    now, hour = timezone.now(), timedelta(hours=1)
    texts = {
        "text_en": "The lab closes at six.\nhttps://example.org/lab",
        "text_es": "El laboratorio cierra a las seis.",
    }
    over = writing.announce(**texts, ends_at=now + hour, by=admin)
    writing.end(announcement=over, by=admin)
    writing.announce(**texts, starts_at=now + hour, ends_at=now + 3 * hour, pauses_launches=True, by=admin)
    return writing.announce(**texts, ends_at=now + 3 * hour, by=admin).pk


def _subscriptions() -> dict[str, list[tuple[str, str]]]:
    """Give the donor a subscription in each state, with codes. Return the ids of subscriptions, codes and plans."""
    donor, ago = User.objects.get(username="donor"), {"active": 10, "ending": 80, "grace": 110, "ended": 150}
    rows = {state: running(donor) for state in ago}
    codes = [giving.give(subscription=rows["active"], by=donor, days=days).row for days in (20, 5)]
    giving.withdraw(code=codes[0], by=donor)
    for state, row in rows.items():
        row.refresh_from_db()
        ledger_of_days.start(row, timezone.now() - timedelta(days=ago[state]))
    plans = [("first", str(Plan.objects.earliest("pk").pk))]
    subscriptions = [(state, str(row.pk)) for state, row in rows.items()]
    return {"subscriptions": subscriptions, "codes": [("open", str(codes[1].pk))], "plans": plans}


def _bulk(admin: User) -> dict[str, int]:
    """Choose all machines for sleep: a run of each state. Return their ids."""
    runs = {
        str(s): bulk_preview.prepare(machines=Machine.objects.alive(), verb="suspend", by=admin) for s in BulkRun.State
    }
    for state, run in runs.items():
        BulkRun.objects.filter(pk=run.pk).update(state=state)
        items = list(run.items.order_by("pk").values_list("pk", flat=True))
        done = {"preview": 0, "running": len(items) // 2, "done": len(items)}[state]
        run.items.filter(pk__in=items[:done]).update(outcome="done")
        if done:
            note = Note("It is going to sleep or sleeping already.").as_json()
            run.items.filter(pk=items[0]).update(outcome="refused", stored_note=note)
    return {state: run.pk for state, run in runs.items()}


def _second_step(student: User) -> int:
    """Give the student and the teacher an app and codes, and the student a passkey. Return the passkey's id."""
    with_app(student), with_app(User.objects.get(username="teacher"))
    return Authenticator.objects.create(user=student, type="webauthn", data={"name": "Laptop"}).pk


def _dashboard() -> None:
    """Keep what the worker keeps for the dashboard: counts, the next days, computers, a check of the cloud."""
    now = timezone.now()
    day_counts.count_days(now)
    coming_week.work_out(now)
    quinde = Host("quinde", up=True, enabled=True, vcpus=8, vcpus_used=3, ram_mb=16384, ram_mb_used=9216, servers=5)
    looks.look([quinde, Host("tucan", up=False, enabled=True, vcpus=8, ram_mb=16384)], now)
    found = {"right": "Nova answers.", "note": "Neutron answers slowly.", "wrong": "Glance does not answer."}
    rows = [{"topic": "Servers", "ok": ok, "found": Note(text).as_json(), "mend": ""} for ok, text in found.items()]
    CloudCheck.objects.update_or_create(pk=1, defaults={"checked_at": now, "rows": rows})


def _moments(things: Things) -> None:
    """Give each machine of the student a moment that is kept, and one that failed."""
    for machine in Machine.objects.filter(pk__in=[pk for _name, pk in things.values["machines"]]):
        for number, state in enumerate((DiskImage.State.READY, DiskImage.State.FAILED), start=1):
            machine.copies.create(
                kind=DiskImage.Kind.MOMENT, number=number, state=state, title=("before the exam", "with the database")[number - 1],
                size_bytes=1_400_000_000, server_id=machine.server_id, resets=machine.cloud_resets, ready_at=timezone.now(),
                stored_note=Note(NOT_KEPT).as_json() if state == DiskImage.State.FAILED else {},
            )  # fmt: skip


def _audit(admin: User, student: User) -> None:
    """Write a row of every verb, and what an export and a second page need."""
    with asked_from("192.0.2.7"):
        for verb in VERBS:
            kind = next((kind for kind, of in KINDS.items() if of == verb), "machine")
            record(by=admin, verb=verb, whom=student, thing=Thing(kind, 1, "condor"), detail=DETAILS.get(verb))
        record(by=None, verb="set_password", whom=student, thing=Thing("person", student.pk))
    old = AuditRow(who=admin, whom=student, verb="wake", kind="machine", name="vizcacha")
    AuditRow.objects.bulk_create(
        AuditRow(**{f: getattr(old, f) for f in ("who", "whom", "verb", "kind", "name")}) for _n in range(60)
    )


def _terms(admin: User) -> None:
    english = (
        "These machines are for your studies.\n\nWhat you do with them can be traced to you. Do not pass your keys on."
    )
    spanish = "Estas máquinas son para tus estudios.\n\nLo que haces con ellas queda a tu nombre. No pases tus llaves a nadie."
    terms = versions.publish(text_en=english, text_es=spanish, by=admin, seen=0)
    people = User.objects.exclude(username=NEWCOMER)
    TermsAcceptance.objects.bulk_create(TermsAcceptance(user=person, terms=terms) for person in people)
