"""Log lines: one record, one line, and no secret in it."""

import json
import logging
import sys
import time

import pytest
from django.core.signing import TimestampSigner
from django.urls import get_resolver, reverse

from lib import logs


def record(message: str, *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("machines.reconcile.sweep", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(more)
    logs.AboutFilter().filter(made)
    return made


def broken_with(words: str) -> logging.LogRecord:
    try:
        with logs.about(machine="m-1"):
            raise RuntimeError(words)
    except RuntimeError:
        return record("it broke", exc_info=sys.exc_info())


def as_json(made: logging.LogRecord) -> dict[str, object]:
    line = logs.JsonLines().format(made)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_says_when_who_what_and_about_what() -> None:
    with logs.about(request="abc", machine=""):
        line = as_json(record("%s servers", 3, created=0.5))
    assert line == {
        "time": "1970-01-01T00:00:00.500+00:00", "level": "warning", "logger": "machines.reconcile.sweep", "message": "3 servers", "request": "abc",
    }  # fmt: skip


def test_what_it_is_about_ends_with_the_work() -> None:
    with logs.about(request="abc"), logs.about(machine="m-1"):
        assert (logs.known("request"), logs.known("machine")) == ("abc", "m-1")
    assert (logs.known("request"), logs.known("machine")) == ("", "")


def test_a_beginning_forgets_what_was_before() -> None:
    with logs.about(request="abc"):
        logs.begin(task="sweep")
        assert (logs.known("request"), logs.known("task")) == ("", "sweep")


def test_an_exception_takes_along_what_it_is_about() -> None:
    line = as_json(broken_with("no"))
    assert line["machine"] == "m-1"
    assert str(line["exception"]).endswith("RuntimeError: no")


def test_facts_of_one_record_stand_beside_and_never_above_its_own() -> None:
    line = as_json(record("GET /", facts={"status": 200, "level": "forged"}))
    assert (line["status"], line["level"]) == (200, "warning")


def test_text_says_the_same_ids() -> None:
    with logs.about(request="abc"):
        line = logs.TextLines().format(record("hello", created=0))
    assert line == "1970-01-01T00:00:00.000Z WARNING machines.reconcile.sweep: hello [request=abc]"


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\x1b[2J"])
def test_nobody_forges_a_line(end: str) -> None:
    forged = f"/x{end}2026-01-01T00:00:00.000Z ERROR portal: all is lost"
    text = logs.TextLines().format(record("Not Found: %s", forged, about={"path": forged}))
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    assert as_json(record("%s", forged))["message"] == forged


def test_a_trace_in_text_cannot_pass_for_a_line() -> None:
    first, *others = logs.TextLines().format(broken_with("x\n2026 ERROR portal: forged")).splitlines()
    assert "it broke" in first
    assert all(line.startswith("    ") for line in others)


SECRETS = [
    "Authorization: Bearer hunter2hunter2",
    "Authorization: Basic hunter2hunter2",
    "{'Authorization': 'Token hunter2hunter2'}",
    "sent bearer hunter2hunter2 to them",
    "X-Auth-Token: hunter2hunter2",
    "password=hunter2hunter2&next=/",
    '{"password": "hunter2hunter2"}',
    "OS_PASSWORD='hunter2hunter2'",
    "could not reach redis://:hunter2hunter2@127.0.0.1:6379/0",
    "could not reach postgres://minga:hunter2hunter2@db/minga",
    "GET /accounts/password/reset/key/1-hunter2hunter2/",
    "POST /asks/12-more.1xUmx1.hunter2hunter2/ 200",
    "GET /account/address/prove/eyJ0byI6Im0ifQ.1xUmx1.hunter2hunter2/ 200",
    "GET /given/WzIxLDBd:1xXNRz:hunter2hunter2/ 200",
    "GET /photos/by-link/MQ:1xXNRz:hunter2hunter2/small/ 200",
    "GET /subscription/?code=hunter2hunter2 200",
    "GET /accounts/login/?next=%2Fsubscription%2F%3Fcode%3Dhunter2hunter2 200",
    "cookie sessionid=hunter2hunter2; theme=dark",
]


@pytest.mark.parametrize("words", SECRETS)
def test_a_secret_in_a_message_or_an_exception_is_hidden(words: str) -> None:
    lines = [
        made
        for form in (logs.JsonLines(), logs.TextLines())
        for made in map(form.format, [record(words), broken_with(words)])
    ]
    lines.append(logs.JsonLines().format(record("x", facts={"path": words})))
    assert not [line for line in lines if "hunter2" in line]


@pytest.mark.parametrize(
    "words",
    [
        "the portal does not know this agent's token: put the right one there",
        "machine 7: the cloud is busy: 503",
        "http://127.0.0.1:8790/x@y",
    ],
)
def test_a_sentence_without_a_secret_stays_whole(words: str) -> None:
    assert logs.scrubbed(words) == words


@pytest.mark.parametrize("word", ["a", "token", "'token", "authorization=", "bearer ", "a://", "/asks/1-"])
def test_a_long_path_costs_no_more_than_its_length(word: str) -> None:
    """A request like this kept the whole web process busy for a minute. Measured in processor time of this thread, so that others do not count."""
    began = time.thread_time()
    logs.scrubbed(f"GET /{word * (20_000 // len(word))} 404")
    assert time.thread_time() - began < 2  # 0.01 s; 7 s and more when it grows with the square


@pytest.mark.parametrize("form", logs.FORMATS)
def test_everything_goes_to_one_place_in_one_form(form: str) -> None:
    made = logs.configuration(form, "INFO")
    assert made["root"] == {"handlers": ["stderr"], "level": "INFO"}
    assert [name for name, logger in made["loggers"].items() if logger.get("handlers")] == []


@pytest.mark.parametrize("form", [logs.JsonLines, logs.TextLines])
def test_a_line_ends_somewhere_whatever_an_exception_quotes(form: type[logging.Formatter]) -> None:
    made = broken_with("x" * 60_000)
    made.msg = "no: " + "x" * 60_000
    line = form().format(made)
    assert (len(line) < 10_000, line.count("cut, 600")) == (True, 2)


def test_no_link_from_a_mail_is_written_down() -> None:
    """A token in an address lets in whoever has it: the second barrier knows each such address."""
    signed = TimestampSigner(salt="x").sign_object([7, 0])
    for name in ("given", "address-prove"):
        assert signed.rpartition(":")[2] not in logs.scrubbed(f"GET {reverse(name, args=[signed])} 200")
    links = {str(each.pattern) for each in get_resolver().url_patterns if "<str:token>" in str(each.pattern)}
    assert links, "the links stand at the first level of portal/urls.py"
    begin_with_an_id = {"notices/unsubscribe/<str:token>/", "asks/<str:token>/"}  # which may be read
    for link in links - begin_with_an_id:
        assert "hunter2" not in logs.scrubbed(f"GET /{link.replace('<str:token>', 'hunter2')} 200"), link
    assert logs.scrubbed("GET /given/again/ 200") == "GET /given/again/ 200"
