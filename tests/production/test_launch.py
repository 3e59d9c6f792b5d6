"""A student launches a machine on the OpenStack of ../shared/openstack, comes in by ssh through the gateway, and deletes it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.production.compose_site import HOST as SITE_NAME
from tests.production.compose_site import Site, until
from tests.production.docker_engine import HOST, die_with_parent
from tests.production.gateway_vps import FIRST, LAST, SSHD, Vps
from tests.shell_line import ShellLine

HERE = Path(__file__).resolve().parent
LIVE_PORT = 8001
STUDENT, PASSWORD = "production-student", "a-long-password-of-a-student"
PREPARE = """
from catalog.actions import look_again
from cloud import open_cloud
look_again(open_cloud())
from accounts.actions import add_key
from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
student = User.objects.create_user(username={name!r}, password={password!r}, email="student@example.org", roles=["student"])
add_key(owner=student, name="key", public_key={key!r}, by=student)
image, flavor = Image.objects.get(name="lab-linux"), Flavor.objects.get(name="m1.nano")
type(image).objects.filter(pk=image.pk).update(offered=True, login="lab")
type(flavor).objects.filter(pk=flavor.pk).update(offered=True)
services = [dict(name="ssh", port=22, scheme="ssh")]
Template.objects.create(slug="production", name="Production", summary="For the test.", image=image, flavor=flavor, services=services)
"""
EMPTY = "from cloud import open_cloud; from django.utils import timezone; from machines.reconcile import tenants; tenants.tidy(open_cloud(), timezone.now())"

pytestmark = pytest.mark.skipif(not SSHD, reason="no sshd on this computer to stand in for the VPS")


@pytest.fixture(autouse=True)
def _cloud(has_cloud: bool) -> None:
    if not has_cloud:
        pytest.skip("The OpenStack of ../shared/openstack is not up, so no machine is launched.")


@pytest.fixture
def way_to_guests(site: Site, vps: Vps) -> Iterator[None]:
    """A forwarder in the network of the agent's container."""
    if site.part("agents")["state"] != "ok":
        vps.make_known(vps.address)
        site.compose("up", "--detach", "agent")
    outer, inner = os.environ["MINGA_ENGINE_PID"], str(site.container("agent")["State"]["Pid"])
    enter = ["nsenter", f"--target={outer}", "--pid", "--mount", "nsenter", f"--target={inner}", "--net"]
    command = [*enter, sys.executable, str(HERE / "guest_way.py"), HOST]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_student_launches_a_machine_comes_in_and_deletes_it(
    site: Site, vps: Vps, way_to_guests: None, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    key = (tmp_path / "key.pub").read_text().strip()
    site.shell(PREPARE.format(name=STUDENT, password=PASSWORD, key=key), service="worker")
    student = Student(site)
    machine = student.launch()
    try:
        running = student.until(machine, "running", 300)
        port = student.port(machine)
        assert FIRST <= port <= LAST
        assert ssh(vps, port, tmp_path / "key", "echo in; id -un").split() == ["in", "lab"], running
        with student.terminal(machine) as terminal:
            terminal.type("echo $((6*7))-$(id -un)\n")
            terminal.shows("42-lab")
    finally:
        student.delete(machine)
    student.until(machine, "gone", 90)
    site.shell(EMPTY, service="worker")


class Student:
    """Uses the API as docs/api.md says."""

    def __init__(self, site: Site) -> None:
        self.visitor = site.visitor()
        reply = self.call("POST", "auth/token/", json={"username": STUDENT, "password": PASSWORD})
        self.visitor.headers["Authorization"] = f"Bearer {reply.json()['token']}"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply = self.visitor.ask(method, f"/api/v1/{path}", **more)
        assert reply.status_code < 400, reply.text
        return reply

    def launch(self) -> str:
        return str(self.call("POST", "machines/", json={"template": "production", "name": "condor"}).json()["id"])

    def until(self, machine: str, state: str, seconds: float) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def is_there() -> bool:
            reply = self.visitor.ask("GET", f"/api/v1/machines/{machine}/")
            seen.update({"state": "gone"} if reply.status_code == 404 else reply.json())
            return bool(seen["state"] == state)

        try:
            until(is_there, state, seconds, pause=1)
        except AssertionError as late:
            raise AssertionError(f"{late}: {seen}") from None
        return seen

    def port(self, machine: str) -> int:
        ports = self.call("GET", f"machines/{machine}/ports/").json()
        return int(next(port["port"] for port in ports if port["service"] == "ssh"))

    def terminal(self, machine: str) -> ShellLine:
        """A terminal through live, which the proxy leads to."""

        def line() -> ClientConnection:
            url = urlsplit(self.call("POST", f"machines/{machine}/terminal/").json()["url"])
            assert (url.scheme, url.netloc) == ("wss", SITE_NAME)
            sock = socket.create_connection(("127.0.0.1", LIVE_PORT))
            return connect(f"ws://{SITE_NAME}{url.path}?{url.query}", sock=sock, proxy=None)

        return ShellLine(line)

    def delete(self, machine: str) -> None:
        self.call("DELETE", f"machines/{machine}/")


def ssh(vps: Vps, port: int, key: Path, command: str) -> str:
    options = (
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "BatchMode=yes",
        "ConnectTimeout=10",
    )
    words = [word for option in options for word in ("-o", option)]
    line = ["ssh", "-i", str(key), "-p", str(port), *words, f"lab@{vps.address}", command]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
