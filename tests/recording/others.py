"""Answers that no walk of the addresses reaches: probes, limits, sizes, ways to be nobody, mails and commands."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout

from django.apps import apps
from django.core.management import call_command, get_commands, load_command_class
from django.test import Client
from django.utils import translation

from portal.celery import app as celery
from tests.recording import written
from tests.recording.asking import Person, _mails, taken_back
from tests.recording.things import Things

People = dict[str, Person]
Sections = list[tuple[str, str]]
NO_CLOUD = ("backup", "restore", "demo", "prepare", "runserver")  # these need more than a database, or never end
COMMANDS = (
    ("check",), ("idle", "--dry-run"), ("idle", "--dry-run", "--lang", "es"), ("idle", "--table"), ("idle", "--table", "--lang", "es"),
    ("grant", "student2", "--machines", "1", "--days", "9"), ("grant", "nobody"), ("gateway", "new-one"),
    ("gateway", "vps", "--public-host", "vps.example.org"),
    ("rename_user", "student2", "someone"), ("rename_user", "nobody", "x"), ("verify_email", "unproven"), ("verify_email", "nobody"), ("accept_cloud",),
    ("check_cloud",), ("setup_cloud",),
)  # fmt: skip


def first(people: People) -> Iterator[tuple[str, Sections]]:
    """Ask what must come before anything is counted."""
    visitor = people["visitor"]
    for path in ("/healthz", "/readyz", "/metrics"):
        yield f"probes{path}", [(f"{method} {path}", visitor.api(method, path)) for method in ("GET", "HEAD", "POST")]
    told = [("through a proxy", visitor.api("GET", "/metrics", **{"X-Forwarded-For": "192.0.2.1"}))]
    yield "probes/metrics-refused", told


def last(people: People, things: Things) -> Iterator[tuple[str, Sections]]:
    yield "others/who-one-is", list(_who(people["student"]))
    yield "others/limits", list(_limits(people))
    yield "others/sizes", list(_sizes(people["student"]))
    yield "others/once", list(_once(people["student"]))
    yield "others/languages", list(_languages(people))
    yield "others/static", list(_static(people["visitor"]))
    for page in range(2, 8):
        yield f"others/machines-page-{page}", [(f"page {page}", people["student"].page("GET", f"/?page={page}"))]
    yield "mails/by-the-clock", list(_beat())
    for name in _ours():
        yield f"commands/help-{name}", [(f"manage.py {name} --help", _help(name))]
    yield "commands/run", [(f"manage.py {' '.join(words)}", _run(*words)) for words in COMMANDS]


def _who(student: Person) -> Iterator[tuple[str, str]]:
    me = "/api/v1/me/"
    for told, header in {
        "nobody": "",
        "a bad token": "Bearer x",
        "another kind": "Basic eDp5",
        "without a word": "Bearer",
    }.items():
        yield told, student.api("GET", me, Authorization=header)
    blocked = Person("blocked")
    yield "deactivated, by token", blocked.api("GET", me)
    yield "deactivated, by session", blocked.page("GET", "/")
    yield "a session at the API", student.page("GET", me)
    yield "a session at the API, writing without its token", student.page("POST", "/api/v1/keys/make/", csrf=True)
    yield "another host", student.page("GET", "/", Host="evil.example.org")
    yield "the agent", student.api("GET", "/agent/v1/wanted", Authorization="Bearer agent-token")
    yield (
        "the agent, with what it holds",
        student.api("GET", "/agent/v1/wanted?holds=1", Authorization="Bearer agent-token"),
    )
    yield "the agent, knocking", student.api("POST", "/agent/v1/knock", "{}", Authorization="Bearer agent-token")
    yield "the agent, reporting", student.api("POST", "/agent/v1/report", "{}", Authorization="Bearer agent-token")


def _limits(people: People) -> Iterator[tuple[str, str]]:
    """Ask until it is enough, within one transaction."""
    with taken_back():
        client = Client(raise_request_exception=False, headers=people["student"].token)
        statuses = [client.post("/api/v1/keys/make/", "[]", content_type="application/json") for _try in range(62)]
        yield "62 writes of a token", " ".join(str(each.status_code) for each in statuses)
        yield "the last", f"{written.head(statuses[-1])}\n{written.body('json', statuses[-1].content)}"
    with taken_back():
        wrong = {"login": "donor", "password": "x"}
        replies = [Client().post("/accounts/login/", wrong) for _try in range(12)]
        yield "12 wrong passwords", " ".join(str(each.status_code) for each in replies)
        yield "the last page", f"{written.head(replies[-1])}\n{written.body('html', replies[-1].content)}"
        body = json.dumps({"username": "donor", "password": "x"})
        last = Client().post("/api/v1/auth/token/", body, content_type="application/json")
        yield "the API then", f"{written.head(last)}\n{written.body('json', last.content)}"


def _sizes(student: Person) -> Iterator[tuple[str, str]]:
    for size in (25_000, 3_000_000, 30_000_000):
        yield f"{size} bytes to the API", student.api("POST", "/api/v1/keys/", json.dumps({"public_key": "x" * size}))
        yield f"{size} bytes to a page", student.page("POST", "/keys/", data={"public_key": "x" * size})
    yield "1001 fields", student.page("POST", "/keys/", data={f"f{n}": "x" for n in range(1001)})


def _once(student: Person) -> Iterator[tuple[str, str]]:
    """The same key twice, and with another request."""
    with taken_back():
        client = Client(raise_request_exception=False, headers={**student.token, "Idempotency-Key": "k" * 20})
        for body in ("lab", "lab", "web-lab"):
            reply = client.post("/api/v1/machines/", json.dumps({"template": body}), content_type="application/json")
            yield body, f"{written.head(reply)}\n{written.body('json', reply.content)}"


def _languages(people: People) -> Iterator[tuple[str, str]]:
    for language in ("es", "es-EC", "fr", "xx;q=1, es;q=0.5"):
        yield f"Accept-Language: {language}", people["visitor"].page("GET", "/accounts/login/", language)
    yield "the API in Spanish", people["student"].api("GET", "/api/v1/machines/", language="es")


def _static(visitor: Person) -> Iterator[tuple[str, str]]:
    for path in (
        "/robots.txt",
        "/favicon.ico",
        "/static/nothing.css",
        "/nothing",
        "//",
        "/machines/x/",
        "/api/nothing",
        "/manage/",
    ):
        yield path, visitor.page("GET", path)
        yield f"{path}, by the student", Person("student").page("GET", path)


def _beat() -> Iterator[tuple[str, str]]:
    """The mails of each task of the clock. A task that needs a cloud finds none here, and says nothing."""
    celery.loader.import_default_modules()
    for name, entry in sorted(celery.conf.beat_schedule.items()):
        with taken_back():
            try:
                celery.tasks[entry["task"]].apply(throw=True)
                end = ""
            except Exception as error:
                end = type(error).__name__
            yield name, f"{end or 'ended well'}{_mails()}"


def _ours() -> list[str]:
    names = {config.name for config in apps.get_app_configs() if not config.name.startswith(("django", "allauth"))}
    ours = {name for name, app in get_commands().items() if isinstance(app, str) and app in names}
    return sorted(name for name in ours if not name.startswith("spectacular"))


def _help(name: str) -> str:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    return written.plain(parser.format_help())


def _run(*words: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with taken_back(), redirect_stdout(out), redirect_stderr(err):
        try:
            call_command(*words, stdout=out, stderr=err, no_color=True)
            end = "ended well"
        except (Exception, SystemExit) as error:
            end = f"{type(error).__name__}: {error}"
        translation.deactivate()
    return written.plain(f"{end}\n{out.getvalue()}\n-- errors\n{err.getvalue()}")
