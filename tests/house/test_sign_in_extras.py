"""SIGN_IN_EXTRAS: what an image and a systemd installation are built with besides, for LDAP and SAML."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXTRAS = sorted(path.stem.partition("-")[2] for path in ROOT.glob("requirements-*.txt") if "dev" not in path.name)


def test_there_are_the_two() -> None:
    assert EXTRAS == ["ldap", "saml"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_its_packages_are_pinned_and_get_into_the_image(extra: str) -> None:
    """.dockerignore lets nothing in that it does not name, and the build would end with a file that is not there."""
    lines = (ROOT / f"requirements-{extra}.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert packages
    assert [line for line in packages if not re.match(r"[\w.\[\]-]+==\S+", line)] == []
    assert f"\n!requirements-{extra}.txt\n" in (ROOT / ".dockerignore").read_text()


def test_compose_hands_it_to_the_build_and_each_stage_that_needs_it_takes_it() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    builds = [service["build"] for service in services.values() if "build" in service]
    assert [build["args"] for build in builds] == [{"SIGN_IN_EXTRAS": "${SIGN_IN_EXTRAS:-}"}]
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    assert all('ARG SIGN_IN_EXTRAS=""' in stage for stage in stages if "$SIGN_IN_EXTRAS" in stage)
    assert sum("$SIGN_IN_EXTRAS" in stage for stage in stages) == 2


def steps() -> list[str]:
    """Return the parts of the Dockerfile's RUN lines that ask for it, as a shell reads them."""
    lines = DOCKERFILE.replace("\\\n", "\n").split("\nRUN ")
    asking = [line.split("\n\n")[0] for line in lines if 'if [ -n "$SIGN_IN_EXTRAS" ]' in line]
    return [re.search(r"if \[ -n .*?; fi\b", line, re.DOTALL)[0].replace("\n", " ") for line in asking]  # type: ignore[index]


def built(tmp_path: Path, script: str, extras: str) -> tuple[int, list[str]]:
    """Run a part of a build with programs that only write down how they are called."""
    for name in ("apt-get", "pip", "rm"):
        # As pip does, it fails where the file is not there.
        look = f'for last; do :; done; [ -e "{ROOT}/$last" ] || exit 1' if name == "pip" else "exit 0"
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\n{look}\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "calls").touch()
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SIGN_IN_EXTRAS": extras}
    script = script.replace(".venv/bin/pip", "pip").replace("/venv/bin/pip", "pip")
    done = subprocess.run(["/bin/sh", "-euc", script], env=environment, cwd=tmp_path, check=False)
    return done.returncode, (tmp_path / "calls").read_text().splitlines()


def test_nothing_is_installed_besides_where_it_is_empty(tmp_path: Path) -> None:
    packages, runs = steps()
    assert built(tmp_path, packages, "") == built(tmp_path, runs, "") == (0, [])


def test_each_extra_is_installed_with_what_it_is_compiled_with_and_runs_on(tmp_path: Path) -> None:
    packages, runs = steps()
    code, calls = built(tmp_path, packages, "ldap saml")
    assert (code, calls[-2:]) == (0, ["pip install -r requirements-ldap.txt", "pip install -r requirements-saml.txt"])
    assert "libldap-dev libsasl2-dev" in calls[1]
    code, calls = built(tmp_path, runs, "ldap")
    assert (code, "libldap2 libsasl2-2" in " ".join(calls)) == (0, True)


def test_a_word_that_is_no_extra_ends_the_build(tmp_path: Path) -> None:
    packages, _runs = steps()
    assert built(tmp_path, packages, "moon ldap")[0] != 0


@pytest.mark.parametrize(("extras", "is_built"), [("ldap saml", True), ("moon", False)])
def test_systemd_builds_them_too(tmp_path: Path, extras: str, is_built: bool) -> None:
    lines = (ROOT / "deploy/systemd/build").read_text().splitlines()
    [script] = [line for line in lines if "SIGN_IN_EXTRAS" in line]
    code, calls = built(tmp_path, script, extras)
    assert (code == 0, len(calls)) == (is_built, len(extras.split()))
