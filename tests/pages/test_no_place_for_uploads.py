"""A body lies on a disk while it is read: without room there, the page says so."""

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.django_db


def test_without_a_place_for_what_is_sent_the_page_says_so(client: Client, settings: Any, tmp_path: Path) -> None:
    client.raise_request_exception = False
    settings.FILES_DIR = settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "not-mounted")
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    response = client.post("/donate/", {"photos": SimpleUploadedFile("a.jpg", b"x" * 100)})
    assert (response.status_code, "no room for it" in response.content.decode()) == (503, True)


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 503), (errno.EIO, 500)])
def test_a_full_disk_is_no_riddle(number: int, status: int, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any, **_facts: Any) -> None:
        raise OSError(number, "")

    client.raise_request_exception = False
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", full)
    assert client.post("/donate/", {"photos": SimpleUploadedFile("a.jpg", b"x")}).status_code == status
