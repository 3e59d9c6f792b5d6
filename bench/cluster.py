"""A Minga of its own on the OpenStack of OS_CLOUD, with students made for the occasion; all of it is taken away afterwards.

    python -m bench.cluster        takes away what a killed bench left on the cloud (run it while no bench runs)

Where a network namespace OPENSTACK_NAMESPACE (labcloud) is the only place from which guests are reached, a bench goes in there by itself.
"""

import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import openstack
import psycopg

from bench import needs
from bench.wire import Wiretap
from cloud.contract import CloudError, Owner, Server
from cloud.openstack import OpenStackCloud
from tests.cloud.local_stage import insist
from tests.journeys.stack import Person, Stack, wait_for

AT_ONCE = 4  # calls of the cloud, while tidying up
PREFIX = "bench"  # of all people that a bench makes: by it one knows their projects
IMAGE, FLAVOR = os.environ.get("BENCH_IMAGE", "lab-linux"), os.environ.get("BENCH_FLAVOR", "m1.nano")
# As an installation on a cluster is. Nobody answers on a cloud without guests, so "running" is what the cloud calls ACTIVE.
AS_INSTALLED = {
    "CLAIM_SECONDS": "60", "SWEEP_QUIET_SECONDS": "15", "SWEEP_WHOLE_SECONDS": "60", "STRAY_SECONDS": "120", "BOOT_SECONDS": "1",
    "AGENT_ADDRESSES": os.environ.get("AGENT_ADDRESSES", "10.77.0.1/32"),
}  # fmt: skip
TEMPLATE = """
from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
image = Image.objects.filter(missing=False, name={image!r}).first() or Image.objects.filter(missing=False).first()
flavor = Flavor.objects.filter(missing=False, name={flavor!r}).first() or Flavor.objects.filter(missing=False).order_by("ram_mb").first()
Template.objects.create(slug="bench", name="Bench", summary="For measuring.", image=image, flavor=flavor, position=0,
    services=[dict(name="ssh", port=22, scheme="ssh"), dict(name="http", port=80, scheme="http")],
    created_by=User.objects.get(username="teacher"))
print(image.name, flavor.name)
"""
CROWD = """
import json
from accounts.actions import make_key
from accounts.models import User
from knox.models import AuthToken
from quotas.models import Grant
made = []
for name in {names!r}:
    user = User.objects.create_user(name, password={password!r}, roles=["student"])
    make_key(owner=user, name="bench", by=user)
    Grant.objects.create(user=user, machines={each}, vcpus=2 * {each}, ram_mb=1024 * {each}, disk_gb=10 * {each}, ports=4 * {each})
    made.append([name, str(user.uuid), AuthToken.objects.create(user=user)[1]])
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Student:
    name: str
    uuid: str
    token: str

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Pupil(Person):
    """A Person who has a token already."""

    def __init__(self, stack: Stack, student: Student) -> None:
        self.stack, self.name = stack, student.name
        self.http = httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=60, headers=student.header)
        stack.open.append(self.http)


class Cluster(Stack):
    def __init__(self, data: Path, **environment: str) -> None:
        data.mkdir(parents=True)
        self.sdk = openstack.connect()
        self.tap = Wiretap(data.parent / "calls", self.sdk)
        super().__init__(data, "openstack", **{**AS_INSTALLED, **self.tap.environment, **environment})
        self.owners: dict[str, Owner] = {}

    @cached_property
    def cloud(self) -> OpenStackCloud:  # type: ignore[override]
        return OpenStackCloud.from_environment()

    @cached_property
    def database(self) -> psycopg.Connection[Any]:
        """Read the database while something is measured: that costs the cloud and the portal nothing."""
        return psycopg.connect(self.database_url, autocommit=True)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.database.execute(query, values).fetchall()

    def make_template(self) -> str:
        """Make the first template of the list, which is launched when nobody chooses. Return the names of its image and its size."""
        return self.django(TEMPLATE.format(image=IMAGE, flavor=FLAVOR)).strip()

    def make_students(self, number: int, *, machines: int = 1, password: str | None = None) -> list[Student]:
        """Make students, each with one SSH key and room for so many machines."""
        self._make_room_for_keypairs(number)
        run = secrets.token_hex(2)
        names = [f"{PREFIX}-{run}-{n:03}" for n in range(number)]
        line = self.django(CROWD.format(names=names, each=machines, password=password)).strip().splitlines()[-1]
        students = [Student(*facts) for facts in json.loads(line)]
        self.owners |= {s.uuid: Owner(s.uuid, s.name) for s in students}
        return students

    def _make_room_for_keypairs(self, number: int) -> None:
        """Raise the limit of key pairs of the service user, who has those of all students. Nova's own is 100; setup_cloud raises it, too."""
        path = f"/os-quota-sets/{self.sdk.session.get_project_id()}"
        allowed = self.sdk.compute.get(path).json()["quota_set"]["key_pairs"]
        if 0 <= allowed < (wanted := number + 500):
            self.sdk.compute.put(path, json={"quota_set": {"key_pairs": wanted}})
            print(f"The service user's limit of key pairs was {allowed}: raised to {wanted}.")

    def ours(self) -> list[Server]:
        """List the servers of this bench's students, as Nova has them."""
        projects = {project for project, _owner in self.projects()}
        return [s for s in insist(self.cloud.list_servers).servers if s.owner in self.owners or s.project in projects]

    def projects(self) -> list[tuple[str, str]]:
        """List (project, owner's key) of this bench's students."""
        found = [(project.id, _owner_key(project.tags)) for project in self.sdk.identity.projects(tags="minga")]
        return [(project, key) for project, key in found if key in self.owners]

    def wait_until_empty(self, seconds: float = 900) -> None:
        wait_for(lambda: not self.ours(), seconds, "the students' servers are gone", _breathe)

    def launch_many(self, wishes: list[tuple[Student, str]]) -> list[str]:
        """Launch through the API, in turn. Return the machines' ids once all of them run."""
        made = []
        with httpx.Client(base_url=f"{self.url}/api/v1/", timeout=60) as http:
            for student, name in wishes:
                reply = http.post("machines/", json={"template": "bench", "name": name}, headers=student.header)
                assert reply.status_code == 201, reply.text
                made.append(reply.json()["id"])
        self.wait_for_state(made, "running")
        return made

    def wait_for_state(self, machines: list[str], state: str, seconds: float = 3600) -> None:
        """Wait by looking at the database once a second. Ends at once when a machine has failed for good."""
        counts: dict[str, int] = {}

        def there() -> bool:
            query = "SELECT state, count(*) FROM machines_machine WHERE id = ANY(%s::uuid[]) GROUP BY state"
            counts.clear()
            counts.update(self.sql(query, machines))
            if counts.get("failed"):
                raise AssertionError(f"failed: {self.sql(FAULTS, machines)}")
            return counts.get(state) == len(machines)

        wait_for(there, seconds, f"all are {state}", _breathe, lambda: str(counts))

    def describe(self) -> str:
        """Describe the cloud: what was measured means little without it."""
        rows = self.sdk.compute.get("/os-hypervisors/detail", microversion="2.53").json()["hypervisors"]
        kinds = ", ".join(sorted({row["hypervisor_type"] for row in rows}))
        fake = " (Nova's fake driver: no guests, so nothing answers)" if "fake" in kinds.lower() else ""
        return (
            f"Cloud {self.sdk.config.name}: {len(rows)} computer(s), hypervisor {kinds}{fake}. BOOT_SECONDS=1: “running” means that "
            "Nova says ACTIVE and the portal has taken it over; guests are not waited for."
        )

    def leave_nothing(self) -> None:
        """Delete servers, projects and key pairs, however far the bench came."""
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            take_away(self.cloud, self.owners, {project for project, _owner in self.projects()})


FAULTS = (
    "SELECT name, cloud_fault, state_note FROM machines_machine WHERE state = 'failed' AND id = ANY(%s::uuid[]) LIMIT 3"
)


def take_away(cloud: OpenStackCloud, owners: dict[str, Owner], projects: set[str]) -> None:
    def left() -> list[Server]:
        return [s for s in insist(cloud.list_servers).servers if s.owner in owners or s.project in projects]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda server: insist(cloud.ensure_deleted, server.id), left()))
        wait_for(lambda: not left(), 900, "the servers are gone", _breathe)
        list(pool.map(lambda owner: _take_away_project(cloud, owner), owners.values()))


def _take_away_project(cloud: OpenStackCloud, owner: Owner) -> None:
    try:
        insist(cloud.ensure_owner_gone, owner)
    except CloudError as error:
        print(f"{owner.name} could not be taken away: {error}. Run: python -m bench.cluster")


@contextmanager
def started(**environment: str) -> Iterator[Cluster]:
    """Yield an installation on the cloud, for as long as something is measured."""
    enter()
    folder = Path(tempfile.mkdtemp(prefix="minga-bench-", dir="/tmp"))  # short, for sockets
    folder.chmod(0o755)
    stack, done = Cluster(folder / "data", **environment), False
    try:
        print(stack.describe())
        stack.start()
        print(f"Image and size: {stack.make_template()}", flush=True)
        yield stack
        done = True
    finally:
        stack.leave_nothing()
        if done and not os.environ.get("MINGA_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"Its logs are kept in {folder}.")


def enter() -> None:
    """Go on inside the namespace from which guests are reached, if there is one and we are not in it."""
    if not os.environ.get("OS_CLOUD") and not os.environ.get("OS_AUTH_URL"):
        sys.exit("OS_CLOUD names no cloud. Say which one of your clouds.yaml is the portal's service user.")
    name = os.environ.get("OPENSTACK_NAMESPACE", "labcloud")
    place = Path("/run/netns") / name
    if place.exists():
        needs.tools("ip")
    if place.exists() and place.stat().st_ino != Path("/proc/self/ns/net").stat().st_ino:
        module = sys.modules["__main__"].__spec__
        if module is None:
            sys.exit("Run it as python -m bench.NAME.")
        os.execvp("ip", ["ip", "netns", "exec", name, sys.executable, "-m", module.name, *sys.argv[1:]])


def _breathe() -> None:
    """Pause between two looks, longer than wait_for does."""
    time.sleep(1)  # each look is a list of the whole cloud


def _owner_key(tags: list[str]) -> str:
    return next((tag.removeprefix("minga-owner-") for tag in tags if tag.startswith("minga-owner-")), "")


def main() -> None:
    enter()
    sdk, cloud = openstack.connect(), OpenStackCloud.from_environment()
    left = [p for p in sdk.identity.projects(tags="minga") if p.name.startswith(f"minga-{PREFIX}-")]
    owners = {_owner_key(p.tags): Owner(_owner_key(p.tags), p.name) for p in left}
    take_away(cloud, owners, {p.id for p in left})
    print(f"{len(left)} projects of earlier benches taken away.")


if __name__ == "__main__":
    main()
