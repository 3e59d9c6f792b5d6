"""Two clicks on a button that makes something make one thing, and both lead to it."""

import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from knox.models import AuthToken

from accounts import once
from accounts.models import OnceKey, SshKey, User
from courses.models import Template
from lib.cpu_turns import Busy, busy
from machines.models import Hold, Machine
from portal.once import once_per_form
from portal.views.machines import CONFIRMED, VERBS
from quotas.models import Reservation
from tests.factories import grant, make_gateway, make_machine, make_template
from tunnels.models import Tunnel

TEMPLATE = {
    "name": "New lab", "summary": "A lab.", "icon": "web", "position": "10", "services-TOTAL_FORMS": "1", "services-INITIAL_FORMS": "0",
    "services-0-name": "ssh", "services-0-port": "22", "services-0-scheme": "ssh", "idle-may_hold": "",
}  # fmt: skip
# Forms that may be sent twice without making a second thing, and why.
REPEATABLE = {
    "key-remove", "keys/remove.html", "token-revoke", "account-elsewhere-unlink",  # what is gone is gone
    "account", "language", "time-zone", "theme", "image", "flavor", "catalog-look", "machine-rename", "template",  # the same value again
    "template-retire", "template-bring-back",  # done already: nothing happens
    "machine-port-close",  # closed already: said in a sentence
    "node-untie", "node-back",  # untied, or back, already: nothing happens
    "failure-again",  # it is tried once more, or was
    "cloud-check-run",  # one check runs at a time
    "device",  # the first answer holds, and is shown again
    "terms", "terms/read.html",  # accepted is accepted
    "terms-edit", "terms/edit.html",  # its form carries the number of the version before
    "people-import-left-out",  # a file to look at
    "people-import",  # a look at a list; the form that creates people has a token, and finds them there the second time
    "desk-import-left-out",  # a file to look at
    "desk-import",  # a look at a list; the form that writes has a token
    "announcement-dismiss", "announcements/_note.html",  # put away is put away
    "all_machines/_preview.html",  # a run starts once: its row says so
    "notice-again",  # only what has failed is sent once more
    "notices/unsubscribe.html",  # ended is ended
    "account/password_reset_from_key.html",  # its link works once
    "account/address_prove.html",  # proven is proven
    "session-end", "sessions-end-others",  # signed out is signed out
    "account-elsewhere-link",  # the session keeps what is to be linked until it is
    "cloud-user-end", "account/horizon_end.html",  # ended is ended
    "donating/picture.html",  # made anew is one picture; ended is ended
    "donating/team.html", "team-leave", "donating/team_join.html",  # invited anew is one invitation; left is left
    "donating/thanks_choice.html", "donating/_thanks_form.html",  # the same choice again
    "subscription-claim",  # used is used
    "donate",  # a second press of the form is the same offer (Donation.sent_as)
    "given-again",  # one more link; the one that is opened last works
    "donating-photos", "donating/_photos.html", "desk-photos", "desk/_photos.html",  # the same photo again is one photo
    "desk-photo-assign", "desk-photo-remove", "desk/remove_photo.html",  # it is so already, or gone
    "public-certificate", "donating/public_certificate.html",  # a question
    "desk-disk-remove", "desk-certificate", "desk/_disks.html",  # gone is gone; a second press finds no disk that waits
    "desk-intake-label", "desk/intake_code.html",  # the same label again
    "donating-tie", "donating/_account.html",  # tied is tied
    "donating-monthly", "donating/_monthly.html",  # the same choice again
    "donating/data.html",  # one more link that erases, and only one erases
    "donating/erase.html",  # erased is erased
    "donating/_confirm_forms.html",  # the same answer again
    "account/cloud_credential.html",  # what it makes is kept nowhere: each time another
}  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(student: User) -> Client:
    make_gateway(), grant(student), make_template()
    return signed_in(student)


def token_of(client: Client, page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', client.get(page).content.decode())
    assert found
    return found[1]


def test_two_clicks_on_launch_make_one_machine_and_both_lead_to_it(client: Client) -> None:
    form = {"template": "lab", "name": "condor", "once": token_of(client, "/launch/")}
    first, second = client.post("/launch/", form), client.post("/launch/", form)
    assert first["Location"] == second["Location"] == f"/machines/{Machine.objects.get().pk}/"


def test_another_refusal_is_not_told_as_a_second_form(student: User) -> None:
    @once_per_form
    def view(request: Any) -> HttpResponse:
        raise busy()

    request = RequestFactory().post("/", {"once": "t"})
    request.user = student
    with pytest.raises(Busy):
        view(request)


def test_both_answers_show_the_private_half_of_the_one_key(client: Client) -> None:
    form = {"name": "laptop", "once": token_of(client, "/keys/")}
    first, second = client.post("/keys/make/", form), client.post("/keys/make/", form)
    assert first.content == second.content
    assert b"OPENSSH PRIVATE KEY" in second.content
    assert (SshKey.objects.count(), second["Cache-Control"]) == (1, first["Cache-Control"])


def test_no_private_half_can_be_read_from_the_database(client: Client) -> None:
    client.post("/keys/make/", {"once": token_of(client, "/keys/")})
    assert b"PRIVATE" not in bytes(OnceKey.objects.get().sealed_answer)


def test_a_secret_is_shown_again_for_ten_minutes_only(client: Client) -> None:
    form = {"name": "laptop", "once": token_of(client, "/keys/")}
    client.post("/keys/make/", form)
    OnceKey.objects.update(at=timezone.now() - timedelta(minutes=11))
    late = client.post("/keys/make/", form)
    assert (late.status_code, SshKey.objects.count()) == (409, 1)
    assert b"no longer shown" in late.content


def test_a_pasted_key_says_once_that_it_is_added(client: Client) -> None:
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1RnBQy0pgTkNpzmMDgLQB5Kvh6O1v8yxFsvZ2ecMkM me@home"
    form = {"public_key": public, "name": "", "once": token_of(client, "/keys/")}
    first, second = client.post("/keys/", form), client.post("/keys/", form)
    assert (first.status_code, second.status_code, SshKey.objects.count()) == (302, 302, 1)
    assert client.get("/keys/").content.decode().count("Key added.") == 1


def test_two_clicks_make_one_token_that_both_answers_show(client: Client) -> None:
    form = {"once": token_of(client, "/account/")}
    answers = [client.post("/account/tokens/", form).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert AuthToken.objects.count() == 1


def test_two_clicks_make_one_template(teacher: User) -> None:
    lab, client = make_template(), signed_in(teacher)
    form = {**TEMPLATE, "image": lab.image_id, "flavor": lab.flavor_id, "once": token_of(client, "/lab-templates/new/")}
    assert [client.post("/lab-templates/new/", form).status_code for _ in range(2)] == [302, 302]
    assert Template.objects.filter(name="New lab").count() == 1


def test_two_clicks_open_one_port_without_an_error(client: Client, student: User) -> None:
    machine = make_machine(student)
    page = f"/machines/{machine.pk}/"
    form = {"port": "8000", "scheme": "http", "once": token_of(client, page)}
    assert [client.post(f"{page}ports/", form).status_code for _ in range(2)] == [302, 302]
    assert Tunnel.objects.filter(extra=True).count() == 1


def test_two_clicks_restart_once(client: Client, student: User) -> None:
    machine = make_machine(student)
    page = f"/machines/{machine.pk}/"
    form = {"once": token_of(client, page)}
    assert [client.post(f"{page}restart/", form).status_code for _ in range(2)] == [302, 302]
    machine.refresh_from_db()
    assert machine.restarts_asked == 1


def test_more_time_is_given_once(admin: User, student: User) -> None:
    machine, client = make_machine(student), signed_in(admin)
    form = {"until": "23:59", "once": "token-of-a-page"}
    [client.post(f"/machines/{machine.pk}/give/", form) for _ in range(2)]
    assert Hold.objects.count() == 1


def test_another_name_in_the_same_form_is_another_machine(client: Client) -> None:
    """Going back to a page that the browser kept, and filling it in anew, is meant."""
    token = token_of(client, "/launch/")
    for name in ("condor", "puma"):
        client.post("/launch/", {"template": "lab", "name": name, "once": token})
    assert Machine.objects.count() == 2


def test_what_was_refused_may_be_sent_again(client: Client, student: User) -> None:
    other = make_machine(student, name="condor")
    form = {"template": "lab", "name": "condor", "once": token_of(client, "/launch/")}
    assert client.post("/launch/", form).status_code == 409
    other.__class__.objects.update(wanted="gone")
    assert client.post("/launch/", form).status_code == 302


def test_anothers_token_is_nobodys(client: Client, student2: User) -> None:
    form = {"template": "lab", "name": "condor", "once": token_of(client, "/launch/")}
    client.post("/launch/", form)
    grant(student2)
    signed_in(student2).post("/launch/", form)
    assert Machine.objects.filter(owner=student2).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_makes_it_and_the_other_waits(client: Client, student: User) -> None:
    form = {"template": "lab", "name": "", "once": token_of(client, "/launch/")}
    start, led_to = threading.Barrier(4), []

    def click() -> None:
        mine = signed_in(student)
        start.wait()
        led_to.append(mine.post("/launch/", form)["Location"])
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert led_to == [f"/machines/{Machine.objects.get().pk}/"] * 4
    assert Reservation.objects.count() == 1


def test_keys_are_forgotten_after_a_day_and_secrets_within_minutes(student: User) -> None:
    now = timezone.now()
    for hours, secret in ((25, False), (1, True), (1, False)):
        facts = {"key_hash": f"{hours}{secret}", "request_hash": "x", "status": 200, "sealed_answer": b"x"}
        OnceKey.objects.create(user=student, is_secret=secret, at=now - timedelta(hours=hours), **facts)
    once.forget_old(now)
    assert [bytes(row.sealed_answer) for row in OnceKey.objects.order_by("is_secret")] == [b"x", b""]


# ---- every form ----


def _pages(patterns: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in patterns:
        if isinstance(part, URLResolver) and str(part.pattern) not in ("api/", "agent/v1/", "accounts/"):
            found |= _pages(part.url_patterns)
        elif isinstance(part, URLPattern):
            found[part.name or ""] = part.callback
    return found


def test_every_form_that_posts_is_guarded_or_may_be_repeated() -> None:
    pages = _pages(get_resolver().url_patterns)
    guarded = {name for name, view in pages.items() if getattr(view, "is_once", False)}
    posted = {name for _file, name, _form in _forms() if name}
    assert posted - guarded - REPEATABLE == set()
    # The buttons of verbs have their addresses from a presenter.
    assert {f"machine-{verb}" for verb in (*VERBS, *CONFIRMED)} <= guarded


def test_every_form_that_makes_something_has_a_token() -> None:
    bare = {name or file for file, name, form in _forms() if "{% once %}" not in form}
    assert bare - REPEATABLE == {"catalog/form.html"}  # saves the same again


def _forms() -> list[tuple[str, str, str]]:
    """(file, name of the address, text) of each form of ours that posts; those of allauth's pages are its own."""
    found = []
    for path in sorted(Path("templates").rglob("*.html")):
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.DOTALL):
            action = re.search(r"<form[^>]*action=\"{% url '([\w-]+)'", form)
            name = action[1] if action else ""
            if not name.startswith(("account_", "mfa_")) and path.parts[1] != "mfa":
                found.append((str(path.relative_to("templates")), name, form))
    return found
