"""The form by which anybody offers computers: an answer beside each, nothing typed is lost, and robots get nowhere."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Donor, Notice
from accounts.notices.mail import send_due
from nodes.models import Computer, Donation
from nodes.states import Reason, State

pytestmark = pytest.mark.django_db
URL = "/donate/"
GOOD = {
    "kind": "desktop", "model": "Dell OptiPlex 780", "year": "2010", "cpu": "Core 2 Duo E8400", "bits": "64", "ram_mb": "4096",
    "disk_gb": "320", "nic_mbit": "1000",
}  # fmt: skip
SMALL = {**GOOD, "model": "Compaq Evo", "cpu": "Pentium 4", "bits": "32", "ram_mb": "512"}
WHO = {"who": "1", "name": "Carlos Quishpe", "email": "Carlos@Example.org", "organisation": "", "handover": "bring"}


def typed(*computers: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return what a browser sends of a form with these computers."""
    fields = {f"c{n}-{name}": text for n, each in enumerate(computers) for name, text in each.items()}
    return {"computer": [str(n) for n in range(len(computers))], **fields, **more}


def offer(client: Client, *computers: dict[str, str], answers: str = "helps", **more: Any) -> Any:
    facts = {**WHO, "message": "", "answers": answers, "offer": "1", "once": "token-of-a-form", **more}
    return client.post(URL, typed(*computers or (GOOD,), **facts))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


# ---- several that are alike ----


def test_of_several_that_are_alike_one_is_described(client: Client) -> None:
    many = {**GOOD, "count": "15"}
    assert "Offer these 16 computers" in text(client.post(URL, typed(many, SMALL, check="1")))
    offer(client, many, SMALL, answers="helps,bits")
    models = list(Computer.objects.order_by("pk").values_list("model", flat=True))
    assert models == [GOOD["model"]] * 15 + [SMALL["model"]]


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (("15", "6"), "At most 20 computers at a time"),
        (("21", "1"), "up to 20"),
        (("0", "1"), "from 1 on"),
    ],
)
def test_too_many_or_none_is_said_at_the_field(client: Client, counts: tuple[str, ...], sentence: str) -> None:
    answer = offer(client, *({**GOOD, "count": each} for each in counts), answers="helps,helps")
    assert answer.status_code == 400
    assert sentence in text(answer).partition('id="id_c0-count_error"')[2][:200]
    assert not Donation.objects.exists()


# ---- the answer ----


def test_whoever_only_asks_need_not_say_who_they_are(client: Client) -> None:
    page = client.get(URL)
    assert page.status_code == 200
    assert 'name="email"' not in text(page)
    answer = client.post(URL, typed(GOOD, check="1"))
    assert "It helps" in text(answer)
    assert 'name="email"' in text(answer)
    assert not Donation.objects.exists()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"bits": "32"}, Reason.BITS),
        ({"bits": "", "cpu": "Pentium 4"}, Reason.BITS),
        ({"ram_mb": "512"}, Reason.MEMORY),
        ({"nic_mbit": "10"}, Reason.NETWORK),
    ],
)
def test_a_computer_that_cannot_help_is_told_why_and_where_it_does(
    client: Client, facts: dict[str, str], reason: Reason
) -> None:
    page = text(client.post(URL, typed(GOOD, {**GOOD, **facts}, check="1")))
    assert "It helps" in page
    assert "It cannot carry machines" in page
    assert f"{reason.label} It can still help" in page


def test_what_is_not_known_is_no_reason_against_it(client: Client) -> None:
    page = text(client.post(URL, typed({"kind": "laptop"}, check="1")))
    assert "we look at when it is here" in page
    assert "It may help" in page
    assert "It helps" not in page


def test_an_offer_that_nobody_read_the_answer_to_is_not_taken(client: Client) -> None:
    answer = offer(client, SMALL, answers="helps")
    assert answer.status_code == 409
    assert "nothing has been offered yet" in text(answer)
    assert not Donation.objects.exists()


# ---- the offer ----


def test_two_computers_are_offered_and_a_mail_brings_the_link(client: Client) -> None:
    answer = offer(client, GOOD, SMALL, answers="helps,bits", message="Third floor.\r\nAfter four.")
    assert (answer.status_code, answer["Location"]) == (302, "/donate/done/")
    donation = Donation.objects.get()
    assert (donation.handover, donation.message) == ("bring", "Third floor.\nAfter four.")
    assert donation.donor.email == "carlos@example.org"
    good, small = donation.computers.all()
    assert (good.model, good.cpu, good.bits, good.ram_mb, good.disk_gb, good.nic_mbit, good.year, good.state) == (
        "Dell OptiPlex 780", "Core 2 Duo E8400", 64, 4096, 320, 1000, 2010, State.OFFERED,
    )  # fmt: skip
    assert (small.state, small.reason) == (State.DECLINED, Reason.BITS)
    send_due(timezone.now())
    assert mail.outbox[0].to == ["carlos@example.org"]
    body = str(mail.outbox[0].body)
    assert "It can still help" in body
    link = re.search(r"/given/\S+", body)
    assert link
    assert link[0] not in text(client.get("/donate/done/"))
    assert good.number in text(client.get(link[0]))


def test_what_is_not_known_is_stored_as_not_known(client: Client) -> None:
    offer(client, {"kind": "server"})
    computer = Computer.objects.get()
    assert (computer.bits, computer.ram_mb, computer.disk_gb, computer.nic_mbit, computer.year) == (None,) * 5


def test_the_thanks_are_the_same_for_an_address_that_is_known(client: Client) -> None:
    first = offer(client, once="a")
    second = offer(client, once="b")
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert Donor.objects.count() == 1


def test_a_second_press_is_the_same_offer(client: Client) -> None:
    assert offer(client).status_code == 302
    assert offer(client).status_code == 302
    assert Donation.objects.count() == 1
    offer(client, {**GOOD, "model": "Another one"})
    assert Donation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_offer() -> None:
    def press(_number: int) -> int:
        try:
            return int(offer(Client()).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(press, range(4))) == [302] * 4
    assert Donation.objects.count() == 1
    assert Notice.objects.count() == 1


# ---- nothing typed is lost ----


def test_another_computer_is_added_and_one_removed_with_everything_kept(client: Client) -> None:
    more = {**WHO, "name": "Car", "message": "Hello"}
    page = text(client.post(URL, typed(GOOD, {"model": "Evo <b>"}, add="1", **more)))
    for kept in (
        "Dell OptiPlex 780",
        "Evo &lt;b&gt;",
        'value="Car"',
        "Hello",
        'name="c2-model"',
        'value="4096" selected',
    ):
        assert kept in page
    page = text(client.post(URL, typed(GOOD, {"model": "Evo"}, remove="0", **more)))
    assert "Dell OptiPlex 780" not in page
    for kept in ('value="Evo"', 'value="Car"', "Hello"):
        assert kept in page


def test_the_last_computer_stays(client: Client) -> None:
    assert "Dell OptiPlex 780" in text(client.post(URL, typed(GOOD, remove="0")))


def test_the_twenty_first_computer_is_refused_with_the_others_kept(client: Client) -> None:
    page = client.post(URL, typed(*[{**GOOD, "model": f"PC {n}"} for n in range(20)], add="1"))
    assert "At most 20 computers" in text(page)
    assert "PC 19" in text(page)
    crowd = typed(*[{**GOOD, "model": f"PC {n}"} for n in range(25)], check="1")
    assert "PC 20" not in text(client.post(URL, crowd))


def test_all_faults_are_said_at_once_each_at_its_field(client: Client) -> None:
    bad = {
        "kind": "",
        "model": "x" * 101,
        "year": "1.000",
        "disk_gb": "-1",
        "ram_mb": "7",
        "bits": "16",
        "nic_mbit": "x",
    }
    answer = offer(client, bad, name=" ", email="nobody", handover="", message="a" * 501)
    assert answer.status_code == 400
    page = answer.content.decode()
    for name in (
        "c0-kind",
        "c0-model",
        "c0-year",
        "c0-disk_gb",
        "c0-ram_mb",
        "c0-bits",
        "c0-nic_mbit",
        "name",
        "email",
        "handover",
        "message",
    ):
        assert f'id="id_{name}_error"' in page, name
    assert not Donation.objects.exists()


@pytest.mark.parametrize(
    ("field", "odd"),
    [("disk_gb", "1_000"), ("disk_gb", "9" * 5000), ("disk_gb", "\u0663"), ("year", "20_10"), ("year", "next")],
)
def test_what_is_no_number_or_no_year_yet_is_refused(client: Client, field: str, odd: str) -> None:
    typed = str(timezone.localdate().year + 1) if odd == "next" else odd
    answer = offer(client, {**GOOD, field: typed})
    assert (answer.status_code, f'id="id_c0-{field}_error"' in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("mark", ["\x00", "\x07", "\u202e", "\n"])
@pytest.mark.parametrize("field", ["c0-model", "c0-cpu", "name", "organisation"])
def test_hidden_marks_are_refused(client: Client, field: str, mark: str) -> None:
    assert offer(client, **{field: f"a{mark}b"}).status_code == 400


@pytest.mark.parametrize("field", ["email", "message"])
def test_control_characters_are_refused(client: Client, field: str) -> None:
    assert offer(client, **{field: "a\x00b@example.org"}).status_code == 400
    assert offer(client, **{field: "a\x07b@example.org"}).status_code == 400


@pytest.mark.parametrize("address", ["a@" + "ﷺ" * 20 + ".org", "a" * 250 + "@b.org", "a@b", "a@b.org\nBcc: c@d.org"])
def test_no_address_is_refused_with_a_sentence(client: Client, address: str) -> None:
    assert offer(client, email=address).status_code == 400


def test_a_form_that_is_not_ours_breaks_nothing(client: Client) -> None:
    for odd in (
        {},
        {"computer": "x"},
        {"computer": "0", "offer": "1", "answers": "helps"},
        {"remove": "x"},
        {"add": "1"},
    ):
        assert client.post(URL, odd).status_code in (200, 400)
    assert client.post(URL, typed(GOOD, offer="1", answers="helps")).status_code == 400
    assert not Donation.objects.exists()


# ---- the ways to it ----


def test_the_sign_in_leads_there(client: Client) -> None:
    assert 'href="/donate/"' in client.get("/accounts/login/").content.decode()


def test_it_is_read_in_spanish(client: Client) -> None:
    client.cookies["django_language"] = "es"
    page = text(client.post(URL, typed(SMALL, check="1")))
    for words in ("Dona una computadora", "No puede llevar máquinas"):
        assert words in page
    for english in ("Offer", "helps", "computer", "machines"):
        assert not re.search(rf">[^<]*\b{english}\b[^<]*<", page), english
