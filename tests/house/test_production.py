"""The files of production hold together: what compose and systemd start. Their settings: test_settings.py."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"migrate", "manage"}


def units() -> list[Path]:
    return sorted((ROOT / "deploy/systemd").glob("*.service"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_limits_and_its_log_an_end(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_a_service_that_stays_says_whether_it_is_well_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_database_is_well_only_when_the_application_can_sign_in() -> None:
    """A server whose first start was interrupted answers, but has neither role nor database."""
    check = SERVICES["postgres"]["healthcheck"]["test"]
    assert check[1] == "psql"
    assert {"--username=minga", "--dbname=minga", "--command=select 1"} <= set(check)


@pytest.mark.parametrize("name", ["web", "live", "worker", "beat", "disks", "agent"])
def test_all_logs_have_one_form(name: str) -> None:
    assert SERVICES[name]["environment"]["LOG_FORMAT"] == "${LOG_FORMAT:-json}"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_what_runs_once_is_not_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"


@pytest.mark.parametrize("name", ["web", "live", "worker", "beat"])
def test_nothing_starts_before_the_tables_are_there(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_only_web_and_live_are_published_and_only_on_this_computer() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"web", "live"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_database_has_no_way_out_and_the_agent_no_way_to_it() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]
    assert SERVICES["agent"]["networks"] == ["outside"]


@pytest.mark.parametrize("name", ["web", "live"])
def test_only_the_proxy_on_this_computer_is_believed(name: str) -> None:
    """A server with --forwarded-allow-ips=* would let every container say whose address its visitor has."""
    words = SERVICES[name]["command"]
    assert "--behind-gateway" in words
    assert not any("*" in word for word in words)


@pytest.mark.parametrize("name", ["web", "live", "agent"])
def test_who_takes_visitors_may_open_a_file_for_each(name: str) -> None:
    assert SERVICES[name]["ulimits"]["nofile"]["soft"] >= 16384
    assert "\nLimitNOFILE=65536\n" in (ROOT / f"deploy/systemd/minga-{name}.service").read_text()


def test_images_are_pinned() -> None:
    tags = [service["image"].partition(":")[2] for service in SERVICES.values()]
    assert all(tag and not tag.startswith("latest") for tag in tags)
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim-\w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_no_secret_is_written_into_the_compose_file() -> None:
    for name, value in [pair for s in SERVICES.values() for pair in s.get("environment", {}).items()]:
        if re.search(r"PASSWORD|SECRET|TOKEN|_URL", name) and value:
            assert re.search(r"\$\{[A-Z_]+:\?", value), name


def test_nothing_secret_can_get_into_the_image() -> None:
    """The list names what goes in; everything else, a .env or a dump, stays out."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    missing = [line for line in lines if line.startswith("!") and not (ROOT / line[1:]).exists()]
    assert missing == []


def test_every_folder_with_code_goes_into_the_image() -> None:
    let_in = (ROOT / ".dockerignore").read_text()
    apps = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert [name for name in apps if name not in ("tests", "bench", "deploy") and f"!{name}\n" not in let_in] == []


def test_nothing_that_runs_in_the_image_needs_the_launcher() -> None:
    """The image has no deploy/."""
    apps = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("tests", "bench", "deploy")]
    users = [
        file
        for app in apps
        for file in app.rglob("*.py")
        if re.search(r"^\s*(from|import) deploy\b", file.read_text(), re.MULTILINE)
    ]
    assert users == []


def test_there_is_a_unit_for_each_process() -> None:
    names = {path.stem for path in units()}
    assert {
        "minga-web",
        "minga-live",
        "minga-worker",
        "minga-beat",
        "minga-disks",
        "minga-agent",
        "minga-backup",
    } <= names


@pytest.mark.parametrize("unit", units(), ids=lambda path: path.stem)
def test_a_unit_has_no_more_rights_than_it_needs(unit: Path) -> None:
    text = unit.read_text()
    needed = (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=\n",
        "MemoryMax=",
        "User=minga",
    )
    assert [line for line in needed if line not in text] == []


def test_build_compiles_every_app() -> None:
    """The services cannot write beside their code: what is not compiled is compiled anew at every start."""
    line = re.search(r"-m compileall -q (.*)$", (ROOT / "deploy/systemd/build").read_text(), re.MULTILINE)
    apps = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "deploy"}
    assert line
    assert set(line[1].split()) == apps


@pytest.mark.parametrize("name", ["build", "manage", "upgrade"])
def test_a_script_of_systemd_can_be_run(name: str) -> None:
    assert os.access(ROOT / "deploy/systemd" / name, os.X_OK)


@pytest.mark.parametrize("name", ["minga-disks", "minga-live"])
def test_a_version_without_the_process_leaves_its_unit_alone(name: str) -> None:
    """Check the unit: on the way back the newer version's unit stays in /etc/systemd/system, enabled; it would be started for ever."""
    unit = (ROOT / f"deploy/systemd/{name}.service").read_text()
    [program] = re.findall(r"^ConditionPathExists=/opt/minga/(.+)$", unit, re.MULTILINE)
    assert (ROOT / program).is_file()


def test_web_lets_in_the_agent_by_the_name_that_its_unit_asks_by() -> None:
    """Hold the names: without the loopback's name in ALLOWED_HOSTS every question of the agent was answered 400."""
    unit = (ROOT / "deploy/systemd/minga-agent.service").read_text()
    asked = re.search(r"--portal http://([\d.]+):8000 ", unit)
    site = {
        "ALLOWED_HOSTS": "labs.example.org",
        "SECRET_KEY": "x" * 32,
        "DATABASE_URL": "postgres://none@127.0.0.1/none",
    }
    ask = [sys.executable, "-c", "from portal.settings import ALLOWED_HOSTS; print(*ALLOWED_HOSTS)"]
    ran = subprocess.run(ask, cwd=ROOT, env={**os.environ, **site}, capture_output=True, text=True, check=True)
    assert asked
    assert ran.stdout.split() == ["labs.example.org", asked[1]]


def test_who_speaks_to_the_cloud_may_ask_for_the_addresses_of_its_computer() -> None:
    """The OpenStack client does so before it signs in; forbidden, it was "address family not supported" and no cloud."""
    allowed = {
        unit.stem: re.findall(r"^RestrictAddressFamilies=(.*)$", unit.read_text(), re.MULTILINE)[0].split()
        for unit in units()
    }
    assert [name for name, families in allowed.items() if "AF_NETLINK" in families] == [
        "minga-disks",
        "minga-live",
        "minga-worker",
    ]
