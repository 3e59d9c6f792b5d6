"""A person's time zone: chosen on the page Account, and all pages give times in it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.time_zones import others, zone_of
from tests.api.program import Program
from tests.factories import make_machine
from tests.machines.idle.quiet import row

TEN_HERE = "2026-03-02T10:00:00+00:00"


def choose(client: Client, person: User, zone: str) -> Any:
    client.force_login(person)
    return client.post("/account/time-zone/", {"time_zone": zone})


@pytest.mark.parametrize("zone", ["America/Guayaquil", "Asia/Calcutta", ""])
def test_a_zone_is_kept_with_the_account(client: Client, student: User, zone: str) -> None:
    assert choose(client, student, zone).status_code == 302
    student.refresh_from_db()
    assert student.time_zone == zone


@pytest.mark.parametrize("zone", ["../etc/passwd", "Atlantis/Poseidon", "Etc/GMT+5"])
def test_what_is_no_zone_is_refused(client: Client, student: User, zone: str) -> None:
    page = choose(client, student, zone)
    student.refresh_from_db()
    assert (page.status_code, student.time_zone) == (400, "")
    assert "Choose a time zone from the list." in page.content.decode()


def test_a_stranger_is_led_to_the_door(client: Client, student: User) -> None:
    assert client.post("/account/time-zone/", {"time_zone": "UTC"})["Location"].startswith("/accounts/login/")


def test_a_zone_is_changed_by_post_only(client: Client, student: User) -> None:
    client.force_login(student)
    assert client.get("/account/time-zone/").status_code == 405


@time_machine.travel(TEN_HERE, tick=False)
def test_pages_give_times_in_it(client: Client, student: User) -> None:
    machine = row(
        student, datetime.fromisoformat(TEN_HERE), connections=1, ports_at=timezone.now() - timedelta(minutes=40)
    )
    choose(client, student, "America/Guayaquil")
    page = client.get(f"/machines/{machine.pk}/").content.decode()
    assert "you are asked at 05:05;" in page


def test_the_next_request_has_the_site_s_zone_again(client: Client, student: User, settings: Any) -> None:
    choose(client, student, "America/Guayaquil")
    client.get("/account/")
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


def test_a_zone_that_this_computer_does_not_know_is_the_site_s(client: Client, student: User) -> None:
    User.objects.update(time_zone="Atlantis/Poseidon")
    client.force_login(student)
    assert client.get("/account/").status_code == 200


def test_older_names_that_browsers_report_are_offered_too() -> None:
    assert {"Asia/Calcutta", "America/Buenos_Aires", "Europe/Kiev"} <= set(others())


# ---- the browser's ----


def opened_in(client: Client, person: User, zone: str) -> Client:
    client.force_login(person)
    client.cookies["zone"] = zone
    return client


@time_machine.travel(TEN_HERE, tick=False)
def test_until_one_is_chosen_pages_follow_the_browser(client: Client, student: User) -> None:
    machine = row(student, datetime.fromisoformat(TEN_HERE), ports_at=timezone.now() - timedelta(minutes=40))
    page = opened_in(client, student, "America/Guayaquil").get(f"/machines/{machine.pk}/").content.decode()
    assert "you are asked at 05:05;" in page


def test_a_page_that_is_only_read_keeps_no_zone(client: Client, student: User) -> None:
    opened_in(client, student, "America/Guayaquil").get("/")
    student.refresh_from_db()
    assert student.browser_time_zone == ""


def test_to_sign_in_keeps_the_browsers_zone_for_mails(client: Client, student: User) -> None:
    student.set_password("a-long-pass-phrase")
    student.save()
    client.cookies["zone"] = "America/Guayaquil"
    client.post("/accounts/login/", {"login": "student", "password": "a-long-pass-phrase"})
    student.refresh_from_db()
    assert (student.time_zone, student.browser_time_zone) == ("", "America/Guayaquil")
    assert str(zone_of(student)) == "America/Guayaquil"


@pytest.mark.parametrize(("chosen", "written"), [("", "es"), ("en", "en")])
def test_mails_are_in_the_language_of_the_browser_until_one_is_chosen(
    client: Client, student: User, chosen: str, written: str
) -> None:
    User.objects.update(language=chosen)
    opened_in(client, student, "America/Guayaquil").post(
        "/account/theme/", headers={"Accept-Language": "es-EC,es;q=0.9"}
    )
    student.refresh_from_db()
    assert student.mail_language == written


def test_who_has_never_signed_in_is_written_to_in_the_language_of_the_site(student: User, settings: Any) -> None:
    settings.MAIL_LANGUAGE = "es"
    assert student.mail_language == "es"


def test_a_program_s_language_is_not_kept(client: Client, student: User) -> None:
    client.force_login(student)
    client.post("/account/theme/", headers={"Accept-Language": "es"})
    student.refresh_from_db()
    assert (student.browser_language, student.mail_language) == ("", "en")


def test_a_zone_that_was_chosen_stays(client: Client, student: User) -> None:
    choose(client, student, "Europe/Madrid")
    opened_in(client, student, "America/Guayaquil").post("/account/theme/")
    student.refresh_from_db()
    assert student.time_zone == "Europe/Madrid"


@pytest.mark.parametrize("zone", ["../etc/passwd", "Atlantis/Poseidon", "Etc/GMT+5", "", "x" * 5000])
def test_a_cookie_that_names_no_zone_is_passed_over(client: Client, student: User, zone: str) -> None:
    opened_in(client, student, zone).post("/account/theme/")
    student.refresh_from_db()
    assert (student.browser_time_zone, client.get("/account/").status_code) == ("", 200)


def test_a_program_reads_the_times_of_whose_token_it_has(student: User, settings: Any) -> None:
    User.objects.update(time_zone="America/Guayaquil")
    gone_at = datetime.fromisoformat(TEN_HERE)
    make_machine(student, state="gone", vanished=True, gone_at=gone_at)
    [machine] = Program(student).ask("GET", "machines/").json()
    assert machine["note"].startswith("Since 2\u00a0Mar\u00a02026, 05:00 the cluster")
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE
