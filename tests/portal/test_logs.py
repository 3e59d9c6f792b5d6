"""Every request has an id, which its lines carry as far as the worker; no secret is in any line."""

import json
import os
import re
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import path, re_path

import portal.settings
from lib import doorbell, logs
from machines.stepper import worker
from portal import urls
from portal.celery import app
from tests.cloud.fake import FakeCloud
from tests.factories import make_machine
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from accounts.models import User
    from tests.portal.conftest import Lines


QUEUE = "test-logs"


def _breaks(request: object) -> None:
    raise RuntimeError("a mistake of ours")


_breaks.login_required = False  # type: ignore[attr-defined]
path_to_break = re_path("^break/x+$", _breaks)


@pytest.fixture
def broken_site() -> Iterator[Client]:
    urls.urlpatterns[:0] = [path("break/", _breaks), path("api/break/", _breaks)]
    yield Client(raise_request_exception=False)
    del urls.urlpatterns[:2]


def test_an_answer_says_its_id(client: Client, db: None) -> None:
    first, second = (client.get("/accounts/login/")["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{10}", first)
    assert first != second


def test_the_id_of_a_proxy_is_taken_over(client: Client, db: None) -> None:
    assert client.get("/accounts/login/", headers={"X-Request-ID": "proxy-0.17_a"})["X-Request-ID"] == "proxy-0.17_a"


@pytest.mark.parametrize(
    "bad", ["short", "x" * 65, "abcdefgh\n", "abc defgh", "<script>x", "ábcdefghij", "-abcdefgh", ""]
)
def test_an_id_that_could_forge_a_line_is_not(bad: str, client: Client, db: None) -> None:
    assert re.fullmatch(r"[0-9a-f]{10}", client.get("/accounts/login/", headers={"X-Request-ID": bad})["X-Request-ID"])


def test_a_request_has_one_line(client: Client, lines: "Lines", db: None) -> None:
    reply = client.get("/accounts/login/?next=/keys/")
    (line,) = lines.of("portal.requests")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/accounts/login/", 200)
    assert line["request"] == reply["X-Request-ID"]
    assert 0 <= line["ms"] < 10_000


def test_the_line_of_a_machines_page_names_the_machine(client: Client, lines: "Lines", student: "User") -> None:
    machine = make_machine(student)
    client.force_login(student)
    client.get(f"/machines/{machine.pk}/")
    client.get(f"/api/v1/machines/{machine.pk}/")
    assert [line["machine"] for line in lines.of("portal.requests")] == [str(machine.pk)] * 2


def test_who_reads_that_we_broke_is_told_the_number(broken_site: Client, lines: "Lines", db: None) -> None:
    reply = broken_site.get("/break/")
    page = reply.content.decode()
    assert page.count(f"<code>{reply['X-Request-ID']}</code>") == 2
    assert "tell this number to your teacher" in page
    assert "dile este número a tu docente" in page


def test_a_program_is_told_it_too(broken_site: Client, db: None) -> None:
    reply = broken_site.get("/api/break/")
    assert reply.json()["request"] == reply["X-Request-ID"]


def test_the_trace_is_found_by_the_number(broken_site: Client, lines: "Lines", db: None) -> None:
    reply = broken_site.get("/break/")
    (line,) = lines.of("django.request")
    assert line["request"] == reply["X-Request-ID"]
    assert "RuntimeError: a mistake of ours" in line["exception"]


@pytest.mark.parametrize(("path", "logger"), [("/nothing/", "portal.requests"), ("/break/", "django.request")])
def test_a_long_path_is_cut_and_marked(broken_site: Client, lines: "Lines", path: str, logger: str, db: None) -> None:
    urls.urlpatterns[:0] = [path_to_break]
    broken_site.get(path + "x" * 60_000)
    urls.urlpatterns.remove(path_to_break)
    (line,) = lines.of(logger)
    assert len(line["message"]) < 400
    assert f"… (cut, {60_000 + len(path)} characters)" in line["message"]


def test_a_long_method_is_cut(client: Client, lines: "Lines", db: None) -> None:
    client.generic("M" * 60_000, "/accounts/login/")
    (line,) = lines.of("portal.requests")
    assert (len(line["message"]) < 400, len(line["method"]) < 400) == (True, True)


def test_nothing_is_left_for_the_next_request(client: Client, db: None) -> None:
    client.get("/accounts/login/")
    assert logs.known("request") == ""


# ---- as far as the worker ----


def test_the_bell_tells_the_request(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, db: None
) -> None:
    rung: list[dict[str, Any]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **more: rung.append(more["headers"]))
    with django_capture_on_commit_callbacks(execute=True), logs.about(request="abcdefgh", machine="m"):
        doorbell.ring("machines.tasks.advance", 1)
    assert rung == [{"request": "abcdefgh"}]


def test_a_steps_lines_carry_the_machine(lines: "Lines", student: "User") -> None:
    machine = make_machine(student, state="new", server_id="")
    cloud = FakeCloud()
    cloud.busy = True
    worker.step(machine.pk, cloud)
    assert [line["machine"] for line in lines.of("machines.stepper.outcomes")] == [str(machine.pk)]


def test_a_step_that_moves_a_machine_says_so(lines: "Lines", student: "User") -> None:
    machine = make_machine(student, state="new", server_id="")
    worker.step(machine.pk, FakeCloud())
    *_others, line = lines.of("machines.stepper.worker")
    assert (line["message"], line["machine"]) == ("moved: new -> failed", str(machine.pk))


def test_agents_and_probes_are_logged_only_when_refused(client: Client, lines: "Lines", db: None) -> None:
    client.get("/healthz")
    client.get("/agent/v1/wanted", headers={"Authorization": "Bearer wrong"})
    assert [(line["path"], line["status"]) for line in lines.of("portal.requests")] == [("/agent/v1/wanted", 401)]


@pytest.fixture
def celery_worker() -> Iterator["subprocess.Popen[str]"]:
    """A real one, as production starts it. Its database has no tables, so every task fails: that line is what we look at."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "portal", "worker", "--pool", "solo", "-Q", QUEUE]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = subprocess.Popen(
        [*command, *quiet],
        env={**os.environ, "LOG_FORMAT": "json", "REDIS_URL": settings.CELERY_BROKER_URL},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.wait(PATIENCE)
    if process.stdout:
        process.stdout.close()


def test_what_fails_in_a_worker_is_found_by_request_machine_and_task(celery_worker: "subprocess.Popen[str]") -> None:
    pk, said = str(uuid4()), Queue[str]()
    Thread(target=lambda: [said.put(text) for text in celery_worker.stdout or ()], daemon=True).start()
    line: dict[str, Any] = {}
    ends_at = time.monotonic() + 2 * PATIENCE
    while "exception" not in line and time.monotonic() < ends_at:
        # Others' tests empty this Redis, too: a bell that was lost is rung again.
        app.send_task("machines.tasks.advance", args=(pk,), headers={"request": "abcdefgh"}, queue=QUEUE)
        with suppress(Empty):
            while "exception" not in line:
                line = json.loads(said.get(timeout=5))
    assert (line["request"], line["machine"], line["task"]) == ("abcdefgh", pk, "machines.tasks.advance")
    assert "machines_machine" in line["exception"]


# ---- no secret ----


def test_no_secret_of_a_request_is_logged(broken_site: Client, lines: "Lines", student: "User") -> None:
    word = "hunter2hunter2"
    broken_site.post("/accounts/login/", {"login": "student", "password": word})
    broken_site.post(
        "/break/", {"password": word}, headers={"Authorization": f"Bearer {word}", "Cookie": f"sessionid={word}"}
    )
    broken_site.post("/api/v1/auth/token/", {"username": "student", "password": word}, content_type="application/json")
    broken_site.get("/api/v1/machines/", headers={"Authorization": f"Bearer {word}"})
    broken_site.get(f"/agent/v1/wanted?token={word}", headers={"Authorization": f"Bearer {word}"})
    broken_site.get(f"/accounts/password/reset/key/1-{word}/")
    assert len(lines.of("portal.requests")) == 6
    assert word not in "".join(lines.texts)


@pytest.mark.parametrize(("name", "value"), [("LOG_FORMAT", "xml"), ("LOG_LEVEL", "chatty")])
def test_a_wrong_setting_is_a_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must be one of"):
        runpy.run_path(portal.settings.__file__)
