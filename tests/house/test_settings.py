"""Every setting stands once in portal/settings_table.py; documentation, compose, units and code agree with it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from lib.environment import Environment, Variable
from portal import settings_docs
from portal.settings_table import SECTIONS, VARIABLES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
UNITS = {path.name: path.read_text() for path in sorted((ROOT / "deploy/systemd").glob("*.service"))}
OF_IMAGES = {"POSTGRES_INITDB_ARGS"}  # of other people's images
# Where production wants something else than a program that is started by hand.
OWN_DEFAULTS = {"HTTPS": "on", "LOG_FORMAT": "json"}
# Read by our programs and set by nobody but the system, Django, Python or the tests.
OF_THE_SYSTEM = {
    "PYTHON",
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
}
PROGRAMS = [
    path for folder in ("portal", "machines", "courses", "quotas", "tunnels", "catalog", "accounts", "cloud", "lib", "deploy")
    for path in (ROOT / folder).rglob("*.py")
] + [ROOT / "manage.py", ROOT / "deploy/systemd/manage"]  # fmt: skip


def of(*readers: str) -> set[str]:
    return {variable.name for section in SECTIONS if section.reader in readers for variable in section.variables}


def read_in_settings() -> set[str]:
    rules = {name for name in VARIABLES if name.startswith("IDLE_")}  # courses/policy.py reads them
    source = "".join(
        (ROOT / f"portal/{name}.py").read_text()
        for name in ("settings", "settings_sign_in", "settings_federated", "settings_donations")
    )
    return rules | set(re.findall(r'\benv\["(\w+)"\]', source))


# ---- what people read ----


def test_the_example_is_written_from_the_table() -> None:
    """`python -m portal.settings_docs` writes it, and the pages (test_written_pages.py), anew."""
    assert (ROOT / ".env.example").read_text() == settings_docs.example()


@pytest.mark.parametrize("variable", VARIABLES.values(), ids=lambda variable: variable.name)
def test_a_setting_has_one_line_and_a_default_that_is_right(variable: Variable) -> None:
    assert re.fullmatch(r"\S.*\.", variable.doc)
    if variable.default is not None:
        variable.kind.read(variable.default)


def test_a_setting_with_a_time_in_its_name_has_its_unit() -> None:
    times = {name: re.search(r"_(SECONDS|MINUTES|HOURS|DAYS)$", name) for name in VARIABLES if name in of("minga")}
    wrong = {name for name, unit in times.items() if unit and VARIABLES[name].kind.unit != unit[1].lower()}
    assert wrong == set()


def test_pages_name_no_setting_that_is_not_there() -> None:
    pages = [*(ROOT / "docs").glob("**/admin/*.md"), ROOT / "README.md", ROOT / "README.es.md"]
    named = {name for page in pages for name in re.findall(r"`([A-Z]+_[A-Z0-9_]+)[`=]", page.read_text())}
    of_dropbear = {"MAX_UNAUTH_CLIENTS", "MAX_UNAUTH_PER_IP"}
    assert {name for name in named if not name.endswith("_")} - VARIABLES.keys() == of_dropbear


# ---- who reads and who gives them ----


def test_the_settings_module_reads_each() -> None:
    assert of("minga") - read_in_settings() == set()


def test_programs_read_nothing_that_is_not_in_the_table() -> None:
    """The launcher, the local cloud, the disk server and the agent read variables that Django does not."""
    form = re.compile(r'environ(?:\.get\(|\[)"([A-Z][A-Z0-9_]+)"(?!\] =)')
    named = {name for path in PROGRAMS for name in form.findall(path.read_text())}
    assert "DISKS_OS_CLOUD" in named
    assert named - VARIABLES.keys() - OF_THE_SYSTEM == set()


def test_nothing_is_documented_for_a_trial_that_nobody_reads() -> None:
    readers = "".join(path.read_text() for path in PROGRAMS if path.name != "settings_table.py")
    assert {name for name in of("trial") if f'"{name}"' not in readers} == set()


def test_compose_names_nothing_that_is_not_in_the_table() -> None:
    named = {name for service in SERVICES.values() for name in service.get("environment", {})}
    named |= set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE))
    assert named - VARIABLES.keys() == OF_IMAGES
    assert of("compose", "openstack") - named == set()


def test_every_setting_reaches_the_containers() -> None:
    baked = set(re.findall(r"([A-Z_]+)=", (ROOT / "Dockerfile").read_text()))
    given = {name for service in ("web", "worker") for name in SERVICES[service]["environment"]}
    assert of("minga") - given - baked == set()


@pytest.mark.parametrize("service", ["web", "live", "worker", "migrate", "manage"])
def test_what_beat_is_given_reaches_all_who_read_the_settings(service: str) -> None:
    assert SERVICES["beat"]["environment"].keys() - SERVICES[service]["environment"].keys() == set()


def test_the_defaults_of_compose_are_those_of_the_table() -> None:
    written = dict(re.findall(r"(?<!\$)\$\{([A-Z_]+):-([^}]*)\}", COMPOSE))
    assert written == {name: OWN_DEFAULTS.get(name, VARIABLES[name].default) for name in written}


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_names_nothing_that_is_not_in_the_table(unit: str) -> None:
    lines = re.findall(r"^(?:Unset)?Environment=(.*)$", UNITS[unit], re.MULTILINE)
    named = {word.partition("=")[0] for line in lines for word in line.split()}
    named |= set(re.findall(r"\$\{([A-Z_]+)\}", UNITS[unit]))
    assert named - VARIABLES.keys() - OF_THE_SYSTEM == set()


def test_the_worker_s_unit_has_the_default_of_the_table() -> None:
    assert f"\nEnvironment=WORKERS={VARIABLES['WORKERS'].default}\n" in UNITS["minga-worker.service"]


# ---- the start ----


CLAIM = "CLAIM_SECONDS must be a number of seconds above 0, and is 'soon'. Change it or leave it out."
HORIZON = "KEYSTONE_USERS_FOR_STUDENTS needs HORIZON_URL: people have to be told where Horizon is."


@pytest.mark.parametrize(
    ("name", "value", "sentence"), [("CLAIM_SECONDS", "soon", CLAIM), ("KEYSTONE_USERS_FOR_STUDENTS", "on", HORIZON)]
)
def test_a_wrong_setting_stops_the_start_with_its_sentence(name: str, value: str, sentence: str) -> None:
    """A process of its own, as at every start. tests/lib/test_environment.py has each kind."""
    ran = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
    )
    assert ran.stderr.splitlines()[-1].endswith(sentence)


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_without_what_must_be_set_nothing_starts(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is not set. It must be "):
        _ = Environment(VARIABLES.values(), {})[name]
