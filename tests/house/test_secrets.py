"""Each kind of installation keeps to one table of the secrets that each process holds. docs/admin/roles.md shows it to people."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import child, holders, installation, services
from deploy.local.child import Program
from tests.ports import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "cloud": r"OS_\w+|DISKS_OS_CLOUD|LOCAL_CLOUD_TOKEN|.*/cloud",
    "consoles": r"LIVE_OS_\w+|LIVE_CLOUD_TOKEN|.*/live",
    "database": r"DATABASE_URL",
    "redis": r"REDIS_URL",
    "secret key": r"SECRET_KEY",
    "mail password": r"EMAIL_URL",
    "portal's ssh key": r"PORTAL_KEY_FILE|.*/keys",
    "machine keys": r"MACHINE_KEYS_FILE",
    "sign-in keys": r"SIGN_IN_KEYS",
    "gateway token": r"AGENT_TOKEN_FILE|--token-file|.*/agent",
    "metrics token": r"METRICS_TOKEN",
    "provider's secret": r"OIDC_CLIENT_SECRET",
    "directory's password": r"LDAP_BIND_PASSWORD",
}
SITE = {"database", "redis", "secret key"}
TABLE = {
    "web": {*SITE, "sign-in keys", "metrics token", "provider's secret", "directory's password"},
    "worker": {*SITE, "mail password", "cloud", "portal's ssh key", "machine keys"},
    "live": {*SITE, "machine keys", "metrics token", "consoles"},
    "beat": SITE,
    "disks": {"cloud"},
    "agent": {"gateway token"},
}
WANTED = [(part, secret) for part in TABLE for secret in SECRETS if secret in TABLE[part]]


def held(part: str, words: list[str]) -> list[tuple[str, str]]:
    """The secrets that these names of variables, folders and options stand for."""
    return [(part, secret) for secret, form in SECRETS.items() if any(re.fullmatch(form, word) for word in words)]


# ---- make run ----


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put into the environment what a person's shell may have."""
    for name in (
        "OS_CLOUD",
        "OS_PASSWORD",
        "DISKS_OS_CLOUD",
        "LIVE_OS_CLOUD",
        "EMAIL_URL",
        "METRICS_TOKEN",
        "OIDC_CLIENT_SECRET",
        "LDAP_BIND_PASSWORD",
        "SECRET_KEY",
        "SIGN_IN_KEYS",
        "DATABASE_URL",
    ):
        monkeypatch.setenv(name, "smtp://x" if name == "EMAIL_URL" else "from-the-shell-of-a-person")


@pytest.mark.slow
@pytest.mark.usefixtures("brought")
def test_make_run(tmp_path: Path) -> None:
    with installation.take(tmp_path) as lock:
        all_services = services.all_services(installation.settle(tmp_path, str(free_port()), lock))
    programs = {service.name: service.program for service in all_services}
    words = {name: [*child.environment(programs[name]), *programs[name].command] for name in TABLE}
    options = [word for name in TABLE for word in held(name, [w for w in words[name] if not w.startswith("/")])]
    assert options == WANTED
    assert {name: held(name, [*child.environment(programs[name])]) for name in ("postgres", "redis", "vps")} == {
        "postgres": [],
        "redis": [],
        "vps": [],
    }


@pytest.mark.usefixtures("brought")
def test_a_process_of_make_run_is_started_without_what_is_not_its_own(tmp_path: Path) -> None:
    show = [sys.executable, "-c", "import os; print(*os.environ)"]
    process = child.start(Program("web", show), log=tmp_path / "log", pidfile=tmp_path / "pid")
    assert process.wait(PATIENCE) == 0
    names = (tmp_path / "log").read_text().split()
    assert "METRICS_TOKEN" in names
    assert [name for name in names if re.fullmatch(holders.SECRETS["cloud"], name)] == []


# ---- compose ----

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_compose() -> None:
    words = {
        name: [
            *SERVICES[name].get("environment", {}),
            *[volume["target"] for volume in SERVICES[name].get("volumes", [])],
        ]
        for name in TABLE
    }
    both = ("live", "portal's ssh key")  # one folder holds both files; this key can do less than those of machines
    assert [word for name in TABLE for word in held(name, words[name]) if word != both] == WANTED


def test_a_folder_that_only_some_installations_have_is_no_hindrance() -> None:
    """Docker refuses to start a container one of whose folders is not there."""
    folders = [v for v in SERVICES["worker"]["volumes"] if v["target"] == "/etc/minga/keys"]
    assert [folder["bind"] for folder in folders] == [{"create_host_path": True}]


def test_the_script_that_makes_the_database_s_role_has_the_password_on_no_command_line(tmp_path: Path) -> None:
    """A stand-in for psql writes down how it was called."""
    (tmp_path / "psql").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/input\n')
    (tmp_path / "psql").chmod(0o755)
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DATABASE_PASSWORD": "sesame"}
    subprocess.run(["sh", ROOT / "deploy/compose/role.sh"], env=given, check=True)
    assert "sesame" not in (tmp_path / "arguments").read_text()
    assert "\\getenv password DATABASE_PASSWORD\n" in (tmp_path / "input").read_text()


def test_of_compose_only_web_reaches_the_process_that_reads_disks() -> None:
    by = [n for n, service in SERVICES.items() if any("/run/minga-disks" in str(v) for v in service.get("volumes", []))]
    assert sorted(by) == ["disks", "web"]
    assert SERVICES["disks"]["networks"] == ["outside"]


# ---- systemd ----

EXAMPLE = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def unit(name: str) -> dict[str, list[str]]:
    """The values of each option, in their order."""
    lines = (ROOT / f"deploy/systemd/minga-{name}.service").read_text().splitlines()
    options: dict[str, list[str]] = {}
    for option, sign, value in (line.partition("=") for line in lines if not line.startswith("#")):
        if sign:
            options.setdefault(option, []).extend(value.split())
    return options


def files(options: dict[str, list[str]]) -> list[str]:
    """Folders of /etc/minga that the unit's user may read, as docs/admin/install.md makes them, and that are not hidden from it."""
    who = {*options["User"], *options["Group"], *options.get("SupplementaryGroups", [])}
    open_to = {"/etc/minga/cloud": "minga", "/etc/minga/keys": "minga", "/etc/minga/agent": "minga-agent"}
    open_to["/etc/minga/live"] = "minga-live"
    hidden = {path.removeprefix("-") for path in options.get("InaccessiblePaths", [])}
    # /etc/minga/keys is its owner's alone; live gets at one file in it, of which it knows the name.
    return [
        path
        for path, owner in open_to.items()
        if (owner in options["User"] if path.endswith("keys") else owner in who) and path not in hidden
    ]


def test_systemd() -> None:
    found = []
    for name in TABLE:
        options = unit(name)
        names = {*EXAMPLE, "DATABASE_URL"} if "EnvironmentFile" in options else set()
        found += held(name, [*names - {*options.get("UnsetEnvironment", [])}, *files(options)])
    assert found == WANTED


def test_of_systemd_no_process_can_read_what_another_holds() -> None:
    """Processes of one user can read each other's environment, and each other's files."""
    users = {name: unit(name)["User"] for name in ("worker", "disks", "web", "live", "agent")}
    assert len({str(user) for user in users.values()}) == len(users)
    assert unit("beat")["User"] == unit("web")["User"]


def test_of_systemd_only_web_reaches_the_process_that_reads_disks() -> None:
    disks = unit("disks")
    assert (disks["RuntimeDirectoryMode"], disks["Group"]) == (["0750"], unit("web")["Group"])


@pytest.mark.parametrize("file", ["docs/admin/install.md", "deploy/systemd/upgrade"])
def test_each_user_of_a_unit_is_made(file: str) -> None:
    users = {unit(path.stem.removeprefix("minga-"))["User"][0] for path in (ROOT / "deploy/systemd").glob("*.service")}
    first = {"minga", "minga-agent"} if file.endswith("upgrade") else set()  # which every installation has
    text = (ROOT / file).read_text()
    assert [user for user in sorted(users - first) if not re.search(rf"{user}\b(?!-)", text)] == []


def test_web_knows_the_kind_of_its_cloud_without_its_password() -> None:
    """Web does not have OS_CLOUD. Judged by that, OpenStack was the local cloud: a download failed, and a screen had a password."""
    said = SERVICES["web"]["environment"]["CLOUD"]
    assert {said, *[word.partition("=")[2] for word in unit("web")["Environment"] if word.startswith("CLOUD=")]} == {
        "openstack"
    }
    assert os.environ.get("CLOUD", "") == ""
