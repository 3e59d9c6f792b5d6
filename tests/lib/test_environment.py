"""Environment variables as settings: what each kind takes, and the sentence that stops the start."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from lib import environment
from lib.environment import Environment, Kind, Variable, choice, networks_or_none, number, whole_number

LEVEL = choice("INFO", "DEBUG", fold=str.upper)


def read(kind: Kind, text: str) -> Any:
    return Environment([Variable("NAME", kind, None, "")], {"NAME": text})["NAME"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (environment.TEXT, "", ""), (environment.FLAG, "on", True), (environment.FLAG, "False", False), (environment.FLAG, "1", True),
        (environment.SECONDS, "0.5", 0.5), (number("hours"), "12", 12.0), (whole_number("guests"), "7", 7), (whole_number("s", least=0), "0", 0),
        (LEVEL, "debug", "DEBUG"), (environment.PORT, "65535", 65535),
        (environment.HOSTS, " a.example.org, b.example.org ", ["a.example.org", "b.example.org"]),
        (environment.HOSTS, "", []), (environment.ORIGINS, "https://a.example.org", ["https://a.example.org"]),
        (environment.NETWORKS, "10.0.0.0/24, ::1", ["10.0.0.0/24", "::1/128"]), (networks_or_none(), "none", []), (networks_or_none(), "", None),
        (environment.WEB_ADDRESS, "https://a.example.org/x/", "https://a.example.org/x"), (environment.WEB_ADDRESS, "", ""),
        (environment.WEB_ADDRESS, "http://[::1]:8001", "http://[::1]:8001"), (environment.WEB_ADDRESS, "http://live:8001/", "http://live:8001"),
        (environment.ORIGINS, "https://*.example.org, http://[::1]:8000", ["https://*.example.org", "http://[::1]:8000"]),
        (environment.SECONDS, "0.001", 0.001), (environment.SECONDS, "31536000", 31536000.0),
        (environment.DATABASE, "postgres://u:p#w@127.0.0.1:5432/minga", "postgres://u:p#w@127.0.0.1:5432/minga"),
        (environment.REDIS, "rediss://:word@h:6379/0", "rediss://:word@h:6379/0"), (environment.REDIS, "memory://localhost/", "memory://localhost/"),
        (environment.TIME_ZONE, "America/Lima", "America/Lima"),
        (environment.TOKEN, "", ""), (environment.SECRET_KEY, "x" * 32, "x" * 32),
    ],
)  # fmt: skip
def test_a_right_value_is_read(kind: Kind, text: str, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        (environment.FLAG, "ture", "on or off"), (environment.FLAG, "", "on or off"), (environment.SECONDS, "soon", "a number of seconds above 0"),
        (environment.SECONDS, "0", "a number of seconds"), (environment.SECONDS, "nan", "a number"), (environment.SECONDS, "inf", "a number"),
        (number("hours"), "-1", r"a number above 0 \(hours\)"), (whole_number("guests"), "1.5", "a whole number of guests, 1 or more"),
        (whole_number("guests"), "0", "a whole number of guests, 1 or more"), (LEVEL, "chatty", "one of: INFO, DEBUG"),
        (environment.PORT, "70000", "a port, from 1 to 65535"),
        (environment.HOSTS, "https://a.example.org", "names of hosts"), (environment.ORIGINS, "a.example.org", "addresses, with commas"),
        (environment.NETWORKS, "10.0.0.5/24", "networks or addresses.*host bits set"), (networks_or_none(), "a;b", "networks.*or none"),
        (environment.WEB_ADDRESS, "horizon.example.org", "an address that begins with http:// or https://"),
        (environment.WEB_ADDRESS, "https://h:port", "an address"),
        (environment.WEB_ADDRESS, "https://a.org; script-src *", "an address.*may not be in it"), (environment.WEB_ADDRESS, "https://", "an address.*no host"),
        (environment.WEB_ADDRESS, "https://:8000", "an address.*no host"), (environment.WEB_ADDRESS, "https://a.org,b.org", "an address"),
        (environment.WEB_ADDRESS, "https://a.org/'x'", "an address"), (environment.WEB_ADDRESS, "https://a.org/\n", "an address"),
        (environment.WEB_ADDRESS, "https://x.org/path?q", "an address.*query"), (environment.WEB_ADDRESS, "https://x.org/#q", "an address.*fragment"),
        (environment.ORIGINS, "https://a.org/", "addresses.*nothing behind"), (environment.ORIGINS, "https://a.org/x", "addresses"),
        (environment.ORIGINS, "https://", "addresses.*and a name"), (environment.ORIGINS, "https://a.org b.org", "addresses"),
        (environment.SECONDS, "1e300", "a number of seconds above 0.*more than a year"), (environment.SECONDS, "1e-9", "a number.*less than"),
        (environment.SECONDS, "٦", "a number"), (environment.PORT, "٦٦", "a port"), (whole_number("guests"), "٦", "a whole number"),
        (environment.TIME_ZONE, "Quito", "a time zone"), (environment.TIME_ZONE, "../etc", "a time"),
    ],
)  # fmt: skip
def test_a_wrong_value_stops_with_what_is_wrong_and_what_would_be_right(kind: Kind, text: str, right: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^NAME must be {right}") as stopped:
        read(kind, text)
    assert f", and is {text!r}" in str(stopped.value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (environment.DATABASE, "mysql://u:hunter2@h/n"), (environment.DATABASE, "postgres://u:hunter2/x@h/n"), (environment.REDIS, "http://:hunter2@h"),
        (environment.REDIS, "redis://:hunter2@/0"),
        (environment.REDIS, "redis://:hunter2/x@h:6379"), (environment.MAIL_SERVER, "mail://u:hunter2@h"), (environment.MAIL_SERVER, "smtp://u:hunter2/x@h"),
        (environment.SECRET_KEY, "hunter2"), (environment.TOKEN, "hunter2"),
    ],
)  # fmt: skip
def test_a_wrong_secret_is_not_written_into_the_sentence(kind: Kind, text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^NAME must be ") as stopped:
        read(kind, text)
    assert "hunter2" not in str(stopped.value)
    assert stopped.value.__cause__ is None


@pytest.mark.parametrize("kind", [environment.WEB_ADDRESS, environment.ORIGINS])
@pytest.mark.parametrize("text", ["https://ana:hunter2@x.org/y", "https://ana:hunter2/x@x.org"])
def test_a_user_of_an_address_is_refused_and_not_written_into_the_sentence(kind: Kind, text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^NAME must be ") as stopped:
        read(kind, text)
    assert "hunter2" not in str(stopped.value)


def test_a_mail_server_becomes_the_settings_of_django() -> None:
    found = read(environment.MAIL_SERVER, "smtp+tls://ana:word@mail.example.org:587")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)


def test_without_a_value_the_default_holds() -> None:
    known = [Variable("A", environment.SECONDS, "60", ""), Variable("B", environment.SECONDS, None, "")]
    found = Environment(known, {})
    assert (found["A"], found["B"], "A" in found) == (60.0, None, False)


@pytest.mark.parametrize("values", [{}, {"NAME": ""}])
def test_what_must_be_set_and_is_not_stops_with_a_sentence(values: dict[str, str]) -> None:
    wanted = Variable("NAME", environment.TEXT, None, "", required=True)
    with pytest.raises(ImproperlyConfigured, match=r"^NAME is not set. It must be a text"):
        _ = Environment([wanted], values)["NAME"]


def test_a_misspelled_name_with_a_known_prefix_stops() -> None:
    found = Environment(
        [Variable("IDLE_MOST", environment.TEXT, None, "")], {"IDLE_MOST": "1", "IDLE_MSOT": "2", "HOME": "/"}
    )
    with pytest.raises(ImproperlyConfigured, match=r"^There is no setting IDLE_MSOT"):
        found.refuse_unknown("IDLE_")
