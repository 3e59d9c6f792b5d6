"""A mistake of ours is told calmly, in the form that the asker reads."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import path

from portal import urls


def _breaks(request: object) -> None:
    raise RuntimeError("a mistake of ours")


_breaks.login_required = False  # type: ignore[attr-defined]


@pytest.fixture
def client_of_a_broken_site() -> Iterator[Client]:
    added = [path("break/", _breaks), path("api/break/", _breaks)]
    urls.urlpatterns[:0] = added
    yield Client(raise_request_exception=False)
    del urls.urlpatterns[: len(added)]


def test_a_person_reads_a_page(client_of_a_broken_site: Client, db: None) -> None:
    reply = client_of_a_broken_site.get("/break/")
    assert (reply.status_code, b"Something broke on our side" in reply.content) == (500, True)


def test_a_program_reads_a_problem(client_of_a_broken_site: Client, db: None) -> None:
    reply = client_of_a_broken_site.get("/api/break/")
    assert (reply.status_code, reply.json()["code"]) == (500, "broken")
