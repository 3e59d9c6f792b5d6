"""The import of a list of computers at the desk, and the list as CSV."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from lib.csv_lists import MOST_LINES
from nodes.inventory import inventory_csv
from nodes.models import Computer
from tests.nodes.donated import offered

URL = "/manage/computers/import/"
LIST = "reference;email;model;memory\nA1;ana@x.org;Dell;4 GB\nA2;ana@x.org;HP;a lot\nA3;ana@x.org;Compaq Evo;256 MB"


@pytest.fixture
def desk(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def send(client: Client, **typed: str) -> Any:
    return client.post(URL, {"csv": LIST, "state": "received", **typed})


def confirm(client: Client, preview: Any, **changed: str) -> Any:
    """Press the button of a preview, as a browser would."""
    page = preview.content.decode()
    hidden = dict(re.findall(r'<input\s+type="hidden" name="(\w+)" value="([^"]*)"', page))
    found = re.search(r'<textarea name="csv" hidden>\n(.*?)</textarea>', page, re.S)
    assert found
    return client.post(URL, {**hidden, "csv": found[1], "write": "yes", **changed})


def test_the_preview_says_what_each_line_does_and_writes_nothing(desk: Client) -> None:
    page = text(send(desk))
    assert "1 computer is new" in page
    assert "1 computer has less than the minimum" in page
    assert "memory: “a lot” cannot be read." in page
    assert "1 line is left out" in page
    assert not Computer.objects.exists()


def test_what_the_preview_showed_is_written_once(desk: Client) -> None:
    preview = send(desk)
    for _press in range(2):
        answer = confirm(desk, preview)
        assert (answer.status_code, answer["Location"]) == (302, "/manage/computers/")
    assert list(Computer.objects.values_list("reference", "state")) == [("A1", "received"), ("A3", "declined")]
    assert "2 computers are written down." in text(desk.get("/manage/computers/"))


def test_a_file_is_read_as_a_pasted_list_is(desk: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = desk.post(URL, {"file": SimpleUploadedFile("list.csv", LIST.encode("utf-16")), "state": "accepted"})
    assert "1 computer is new" in text(answer)
    confirm(desk, answer)
    assert Computer.objects.get(reference="A1").state == "accepted"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"csv": "model\n" + "x\n" * (MOST_LINES + 1)}, "more than 5000 lines"), ({"csv": ""}, "This list is empty"),
        ({"csv": "Dell;HP"}, "must name the columns"), ({"state": "recycled"}, "Choose one of these."), ({"email": "x"}, "valid email address"),
        ({"name": "a\u202eb"}, "hidden"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_at_its_field(desk: Client, typed: dict[str, str], sentence: str) -> None:
    answer = send(desk, **typed)
    assert answer.status_code == 400
    assert sentence in text(answer)
    assert not Computer.objects.exists()


def test_what_is_left_out_can_be_downloaded(desk: Client) -> None:
    answer = desk.post(f"{URL}left-out/", {"csv": LIST, "state": "received"})
    assert answer["Content-Disposition"] == 'attachment; filename="left-out.csv"'
    assert answer.content.decode().splitlines() == [
        "\ufeffreference,email,model,memory,why",
        "A2,ana@x.org,HP,a lot,memory: “a lot” cannot be read. Write it like this: 4 GB.",
    ]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_example_is_a_list_that_an_import_reads(desk: Client, admin: User, language: str) -> None:
    User.objects.update(language=language)
    found = inventory_csv.read(desk.get(f"{URL}example.csv").content)
    assert [(line.fault.text, line.facts["kind"], line.facts["grams"]) for line in found.lines] == [
        ("", "desktop", 8400),
        ("", "laptop", 1600),
    ]
    assert not found.notices


def whole(answer: Any) -> str:
    async def read() -> str:
        return b"".join([part async for part in answer.streaming_content]).decode()

    from asgiref.sync import async_to_sync

    return async_to_sync(read)()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_list_that_is_downloaded_is_known_when_it_comes_back(desk: Client, admin: User, language: str) -> None:
    User.objects.update(language=language)
    offered("Dell", "=HYPERLINK(1)")
    answer = desk.get("/manage/computers/export.csv?state=offered")
    csv = whole(answer)
    assert "'=HYPERLINK(1)" in csv
    lines = inventory_csv.read(csv).lines
    assert {line.serial for line in lines} == {computer.number for computer in Computer.objects.all()}


def test_only_what_the_filters_leave_is_downloaded(desk: Client) -> None:
    offered("Dell", "HP")
    assert "Dell" not in whole(desk.get("/manage/computers/export.csv?q=hp"))
    assert desk.get("/manage/computers/export.csv?state=x").status_code == 302


def test_a_computer_is_found_by_its_reference(desk: Client) -> None:
    confirm(desk, send(desk))
    page = text(desk.get("/manage/computers/?q=a1"))
    assert "Dell" in page
    assert "Compaq Evo" not in page
    [computer] = Computer.objects.filter(reference="A1")
    assert ">A1<" in text(desk.get(f"/manage/computers/{computer.pk}/"))
