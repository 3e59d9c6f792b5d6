"""A body that is too large, or too slow, is refused before it is kept; with a Content-Length and without."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from portal import access
from portal.asgi import application
from portal.middleware import body_limits
from portal.middleware.body_limits import LARGEST, MB, takes_up_to
from portal.urls import handler403, handler404, handler500  # noqa: F401 - this module is an URLconf, too
from portal.urls import urlpatterns as ours

PIECE = 100_000


@takes_up_to(3 * MB, may=access.teaches)
@csrf_exempt
@login_not_required
def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


@takes_up_to(3 * MB, strangers=True)
@csrf_exempt
@login_not_required
def offered(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


urlpatterns = [path("large/", large), path("offered/", offered), *ours]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = __name__, 10 * MB


class Sent:
    """A request as a web server passes it on, and the answer that it gets."""

    def __init__(self, size: int, **headers: str) -> None:
        self.size, self.taken, self.answer = size, 0, list[Any]()
        names = [
            (name.replace("_", "-").encode(), value.encode())
            for name, value in {"host": "testserver", **headers}.items()
        ]
        self.scope = {
            "type": "http",
            "method": "POST",
            "headers": names,
            "query_string": b"",
            "http_version": "1.1",
            "scheme": "http",
        }

    async def receive(self) -> dict[str, Any]:
        if self.taken >= self.size:
            await asyncio.Event().wait()  # the visitor is still there, and says nothing
        self.taken += PIECE
        return {"type": "http.request", "body": bytes(PIECE), "more_body": self.taken < self.size}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.append(message)

    async def to(self, address: str) -> tuple[int, str]:
        """The status, and the text of the answer."""
        await application({**self.scope, "path": address, "raw_path": address.encode()}, self.receive, self.send)
        return self.answer[0]["status"], b"".join(part.get("body", b"") for part in self.answer[1:]).decode()

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.answer[0]["headers"])


class Slow(Sent):
    """A body that stops beyond the usual limit until it is told to go on."""

    def __init__(self, size: int, **headers: str) -> None:
        super().__init__(size, **headers)
        self.is_slow, self.goes_on = asyncio.Event(), asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.taken > LARGEST + PIECE:
            self.is_slow.set()
            await self.goes_on.wait()
        return await super().receive()


async def test_a_body_with_a_length_beyond_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    sent = Sent(3 * MB, content_length=str(3 * MB))
    assert (await sent.to("/accounts/login/"))[0] == 413
    assert sent.taken == 0


async def test_a_body_without_a_length_is_read_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    sent = Sent(1000 * MB)
    status, page = await sent.to("/accounts/login/")
    assert (status, sent.taken) == (413, LARGEST + PIECE)
    assert "at most 2 MB" in page
    assert (sent.headers[b"connection"], b"content-security-policy" in {name.lower() for name in sent.headers}) == (
        b"close",
        True,
    )


async def test_a_program_is_told_in_its_own_form() -> None:
    sent = Sent(3 * MB)
    assert '"code": "too_large"' in (await sent.to("/api/v1/machines/"))[1]
    assert sent.taken == 3 * MB  # read and thrown away, so that the answer is heard


async def test_a_body_of_the_limit_passes() -> None:
    assert (await Sent(LARGEST).to("/large/")) == (200, str(LARGEST))


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "SECONDS", 0.05)
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    sent = Sent(0)
    assert (await sent.to("/accounts/login/"))[0] == 408


@pytest.mark.django_db(transaction=True)
async def test_a_few_strangers_at_once_may_send_more_where_a_view_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    assert (await Sent(3 * MB).to("/offered/")) == (200, str(3 * MB))
    slow = [Slow(3 * MB) for _n in range(body_limits.MOST_STRANGERS)]
    assert await answers_while(slow, "/offered/", lambda: Sent(3 * MB)) == 503
    slow = [Slow(3 * MB) for _n in range(body_limits.MOST_STRANGERS)]
    assert await answers_while(slow, "/offered/", lambda: Sent(LARGEST)) == 200
    assert (await Sent(3 * MB).to("/offered/"))[0] == 200


async def answers_while(slow: list[Slow], address: str, other: Callable[[], Sent]) -> int:
    """The status of another large body while these are on their way, which all arrive then."""
    under_way = [asyncio.create_task(sent.to(address)) for sent in slow]
    await asyncio.gather(*(sent.is_slow.wait() for sent in slow))
    status = (await other().to(address))[0]
    for sent in slow:
        sent.goes_on.set()
    assert [answer[0] for answer in await asyncio.gather(*under_way)] == [200] * len(slow)
    return status


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("other", "status"), [("2001:db8:0:1::9", 503), ("2001:db8:0:2::9", 200), ("192.0.2.7", 200)])
async def test_strangers_of_one_address_leave_places_to_others(
    other: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    slow = [come_from(f"2001:db8:0:1::{n}", Slow(3 * MB)) for n in range(body_limits.MOST_OF_ADDRESS)]
    assert await answers_while(slow, "/offered/", lambda: come_from(other, Sent(3 * MB))) == status


def come_from(address: str, sent: Any) -> Any:
    """The same request, from this address."""
    sent.scope["client"] = (address, 40_000)
    return sent


@pytest.mark.parametrize(("who", "status"), [("teacher", 503), ("second", 200)])
async def test_nobody_sends_very_many_large_bodies_at_once(
    who: str, status: int, teacher_who_stays: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    second = await in_a_thread(User.objects.create_user, "second", "", "minga")
    headers = {
        name: await in_a_thread(_session, each) for name, each in (("teacher", teacher_who_stays), ("second", second))
    }
    slow = [Slow(3 * MB, **headers["teacher"]) for _n in range(body_limits.MOST_OF_PERSON)]
    assert await answers_while(slow, "/offered/", lambda: Sent(3 * MB, **headers[who])) == status


@pytest.mark.django_db(transaction=True)
async def test_a_stranger_who_says_nothing_gives_their_place_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    monkeypatch.setattr(body_limits, "SECONDS", 0.05)
    assert (await Sent(0, content_length=str(3 * MB)).to("/offered/"))[0] == 408
    assert (await Sent(3 * MB).to("/offered/"))[0] == 200


@pytest.mark.django_db(transaction=True)
async def test_beyond_what_strangers_may_send_the_limit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    status, page = await Sent(4 * MB).to("/offered/")
    assert (status, "at most 3 MB" in page) == (413, True)


@pytest.mark.parametrize("length", ["1e3", "-1", "9" * 40])
async def test_a_length_that_is_none_is_refused(length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "DRAINED_SECONDS", 0)
    assert (await Sent(PIECE, content_length=length).to("/large/"))[0] == 413


async def in_a_thread(make: Callable[..., Any], *what: Any) -> Any:
    """Call it where the database may be waited for, and leave no connection behind."""

    def call() -> Any:
        try:
            return make(*what)
        finally:
            connection.close()

    return await sync_to_async(call)()


def person(role: str) -> User:
    return User.objects.create_user(role, password="minga", roles=[role])


def _session(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {"cookie": f"sessionid={client.cookies['sessionid'].value}"}


def _token(user: User) -> dict[str, str]:
    body = {"username": user.username, "password": "minga"}
    answer = Client().post("/api/v1/auth/token/", body, content_type="application/json")
    return {"authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture
async def teacher_who_stays(transactional_db: None) -> User:
    return await in_a_thread(person, "teacher")


@pytest.mark.parametrize("show", [_session, _token])
async def test_a_view_may_take_more_from_a_person_who_is_known(teacher_who_stays: User, show: Any) -> None:
    headers = await in_a_thread(show, teacher_who_stays)
    assert await Sent(3 * MB, **headers).to("/large/") == (200, str(3 * MB))
    assert (await Sent(4 * MB, **headers).to("/large/"))[0] == 413
    assert (await Sent(3 * MB, **headers).to("/accounts/login/"))[0] == 413


async def test_the_view_takes_no_more_from_others(transactional_db: None) -> None:
    student = await in_a_thread(person, "student")
    headers = await in_a_thread(_session, student)
    assert (await Sent(3 * MB, **headers).to("/large/"))[0] == 413
    assert (await Sent(3 * MB, authorization="Bearer nonsense").to("/large/"))[0] == 413
    assert (await Sent(3 * MB).to("/large/"))[0] == 413
