"""Lists as spreadsheets save them, each as a file, pasted, and by the API: imported whole, or refused in a sentence with nothing done."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditRow, Notice, User
from tests.api.program import Program

NAME, ADDRESS = "Ana Ñáñez", "ana@example.org"
GOOD = f"nombre;correo\n{NAME};{ADDRESS}\n"
HERE = "/manage/people/import/"
TAKEN_IN = {
    "semicolons": GOOD.encode(),
    "byte order mark": GOOD.encode("utf-8-sig"),
    "UTF-16": GOOD.encode("utf-16"),
    "cp1252": GOOD.encode("cp1252"),
    "one column": f'"name;email"\n"{NAME};{ADDRESS}"\n'.encode(),
    "formula cells": f"{GOOD}=1+1;one@example.org\n@SUM(A1);two@example.org\n".encode(),
}
SAID = {"cp1252": "Windows-1252", "formula cells": "It begins like a spreadsheet formula."}
REFUSED = {  # what is said, about which list
    "more than 5000 lines": b"a@example.org\n" * 5_001,
    "larger than 1 MB": b"Ana;a@example.org\n" * 111_112,  # 2 MB
}


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def brought_in() -> list[tuple[str, str]]:
    """Return everybody but the administrator, after a look at what belongs to each of them."""
    people = User.objects.exclude(username="admin")
    assert Notice.objects.count() == AuditRow.objects.filter(verb="create_person").count() == people.count()
    return [(person.get_full_name(), person.email) for person in people]


@pytest.mark.parametrize("case", TAKEN_IN)
def test_a_file_is_taken_in(office: Client, case: str) -> None:
    file = SimpleUploadedFile("lista.csv", TAKEN_IN[case])
    preview = office.post(HERE, {"file": file, "role": "student"})
    assert SAID.get(case, "") in preview.content.decode()
    assert brought_in() == []
    office.post(HERE, {"csv": preview.context["text"], "role": "student", "invite": "on", "create": "yes"})
    assert brought_in() == [(NAME, ADDRESS)]


def test_a_refused_line_shows_the_username_that_was_read(office: Client, admin: User) -> None:
    sent = {"csv": "usuario;correo\nADMIN;new@example.org\nno good;\n"}
    page = office.post(HERE, {**sent, "role": "student"}).content.decode()
    assert 'class="whole">ADMIN</span>' in page
    assert "<b>no good</b>" in page
    lines = Program(admin).ask("POST", "people/import/", {**sent, "dry_run": True}).json()
    assert [(line["status"], line["username"]) for line in lines] == [("bad", "ADMIN"), ("bad", "no good")]


@pytest.mark.parametrize("letters", [900, 5_000])
def test_a_long_file_name_stops_no_list(office: Client, letters: int) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{"a" * letters}.csv"\r\n\r\n'
    body = f'{head}{GOOD}\r\n--x\r\nContent-Disposition: form-data; name="role"\r\n\r\nstudent\r\n--x--\r\n'
    reply = office.generic("POST", HERE, body.encode(), content_type="multipart/form-data; boundary=x")
    assert "Nobody has been created yet" in reply.content.decode()


def test_a_file_of_almost_a_megabyte_that_the_preview_takes_is_created(office: Client) -> None:
    """A browser sends the text of the preview back in UTF-8, with two characters at each end of a line."""
    bad = f"{'ñ' * 200};not an address\n"
    content = (GOOD + bad * 4_600).encode("cp1252")
    assert 990_000 < len(content) <= 1_000_000
    preview = office.post(HERE, {"file": SimpleUploadedFile("lista.csv", content), "role": "student"})
    text = preview.context["text"].replace("\n", "\r\n")
    assert len(text.encode()) > 1_000_000
    office.post(HERE, {"csv": text, "role": "student", "invite": "on", "create": "yes"})
    assert brought_in() == [(NAME, ADDRESS)]


def test_an_empty_first_line_stays_so_that_lines_keep_their_numbers(office: Client) -> None:
    """A browser drops one end of a line at the beginning of a textarea."""
    page = office.post(HERE, {"file": SimpleUploadedFile("lista.csv", f"\n{GOOD}".encode()), "role": "student"})
    assert f'<textarea name="csv" hidden>\n\n{GOOD}' in page.content.decode()


@pytest.mark.parametrize("case", ["semicolons", "byte order mark", "one column", "formula cells"])
def test_what_is_pasted_is_taken_in(office: Client, case: str) -> None:
    sent = {"csv": TAKEN_IN[case].decode(), "role": "student", "invite": "on"}
    assert SAID.get(case, "") in office.post(HERE, sent).content.decode()
    office.post(HERE, {**sent, "create": "yes"})
    assert brought_in() == [(NAME, ADDRESS)]


@pytest.mark.parametrize("sentence", REFUSED)
@pytest.mark.parametrize("field", ["file", "csv"])
@pytest.mark.parametrize("more", [{}, {"create": "yes"}], ids=["preview", "create"])
def test_a_list_that_is_too_much_is_refused_at_its_field(
    office: Client, sentence: str, field: str, more: dict[str, str]
) -> None:
    content: Any = REFUSED[sentence]
    given = SimpleUploadedFile("lista.csv", content) if field == "file" else content.decode()
    reply = office.post(HERE, {field: given, "role": "student", "invite": "on", **more})
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, [field])
    assert sentence in reply.context["form"].errors[field][0]
    assert brought_in() == []


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("sentence", "status"), [("more than 5000 lines", 400), ("at most one megabyte", 413)])
def test_the_api_refuses_it_too(admin: User, sentence: str, status: int, dry_run: bool) -> None:
    content = REFUSED["more than 5000 lines" if status == 400 else "larger than 1 MB"]
    reply = Program(admin).ask("POST", "people/import/", {"csv": content.decode(), "dry_run": dry_run})
    assert (reply.status_code, sentence in reply.json()["detail"]) == (status, True)
    assert brought_in() == []


@pytest.mark.parametrize("case", ["semicolons", "byte order mark", "one column", "formula cells"])
def test_the_api_takes_it_in(admin: User, case: str) -> None:
    lines = Program(admin).ask("POST", "people/import/", {"csv": TAKEN_IN[case].decode(), "dry_run": False}).json()
    assert [line["status"] for line in lines] == ["new"] + ["bad"] * 2 * (case == "formula cells")
    assert brought_in() == [(NAME, ADDRESS)]


def test_the_preview_of_the_longest_list_costs_few_queries(office: Client, django_assert_max_num_queries: Any) -> None:
    text = "name;email\n" + "".join(f"{NAME} {n};ana{n}@example.org\n" for n in range(5_000))
    office.get(HERE)
    with django_assert_max_num_queries(10):
        reply = office.post(HERE, {"csv": text, "role": "student"})
    assert reply.context["counts"]["new"] == 5_000
