"""People of a real Keystone sign in, and make credentials of their own: the contract, and what only Keystone has."""

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from typing import Any

import openstack
import pytest
import requests

from cloud.contract import AppCredential, CloudBusy, CloudPerson, CloudRefused, Denial, WhichProject
from cloud.keystone_people import KeystonePeople
from tests.cloud.test_contract_people import *  # noqa: F403
from tests.cloud.test_contract_people import PASSWORD
from tests.openstack import own_keystone
from tests.openstack.openstack_stage import CLOUD, OpenStackStage
from tests.openstack.own_keystone import MOST_FAILURES, OwnKeystone
from tests.ports import free_port
from tests.waiting import PATIENCE

pytestmark = [
    pytest.mark.xdist_group("keystone"),
    pytest.mark.skipif(not own_keystone.is_installed(), reason="Keystone's packages are not installed"),
]
STUDENT = os.environ.get("OS_STUDENT_CLOUD", "labcloud-student")  # of clouds.yaml: somebody without rights
EXPIRED = 1_000_000 * 1_000_000_000  # microseconds: in 2001


class KeystoneCast:
    # A locked account is not told from a wrong password since CVE-2021-38155, a disabled one never was.
    domain, tells = "Default", frozenset({Denial.SECOND_FACTOR, Denial.EXPIRED})

    def __init__(self, keystone: OwnKeystone) -> None:
        self.keystone = keystone
        self.people = KeystonePeople(keystone.url, seconds=PATIENCE)
        self._roles = {role["name"]: role["id"] for role in keystone.send("GET", "/roles")["roles"]}
        self.projects = {name: self._project(name) for name in ("lab", "course")}

    def _project(self, name: str) -> str:
        found: str = self.keystone.send("POST", "/projects", {"project": {"name": name, "domain_id": "default"}})[
            "project"
        ]["id"]
        return found

    def add(self, name: str, password: str, *, denied: Denial | None = None, **facts: Any) -> None:
        asked = {"name": name, "password": password, "domain_id": "default", "email": facts.get("email", "")}
        if denied is Denial.SECOND_FACTOR:
            asked["options"] = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"]]}
        if self.keystone.send("GET", f"/users?name={name}")["users"]:
            return
        user = self.keystone.send("POST", "/users", {"user": asked})["user"]["id"]
        for project, roles in facts.get("in_projects", {"lab": facts.get("roles", ())}).items():
            for role in roles:
                self.keystone.send("PUT", f"/projects/{self.projects[project]}/users/{user}/roles/{self._roles[role]}")
        if denied is Denial.EXPIRED:
            self._expire(user)
        if denied is Denial.LOCKED:
            for _ in range(MOST_FAILURES):
                assert self.people.sign_in(name, "wrong", self.domain) is Denial.WRONG

    def credentials(self, name: str) -> list[str]:
        user = self.keystone.send("GET", f"/users?name={name}")["users"][0]["id"]
        found = self.keystone.send("GET", f"/users/{user}/application_credentials")["application_credentials"]
        return [row["name"] for row in found]

    def _expire(self, user: str) -> None:
        """Let the password be old, in Keystone's database: no call does that."""
        text = (
            "UPDATE password SET expires_at_int = ?, expires_at = '2001-09-09 00:00:00.000000' "
            "WHERE local_user_id = (SELECT id FROM local_user WHERE user_id = ?)"
        )
        with sqlite3.connect(self.keystone.folder / "keystone.sqlite") as database:
            assert database.execute(text, (EXPIRED, user)).rowcount == 1


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeystoneCast]:
    keystone = OwnKeystone(tmp_path_factory.mktemp("keystone"), free_port())
    try:
        yield KeystoneCast(keystone.start())
    finally:
        keystone.end()


def test_a_wrong_password_is_sent_once(cast: KeystoneCast) -> None:
    cast.add("once", PASSWORD)
    for _ in range(MOST_FAILURES - 1):
        assert cast.people.sign_in("once", "wrong", cast.domain) is Denial.WRONG
    assert isinstance(cast.people.sign_in("once", PASSWORD, cast.domain), CloudPerson)  # twice would have locked it


def test_roles_of_all_projects_are_seen(cast: KeystoneCast) -> None:
    cast.add("both", PASSWORD, in_projects={"lab": ["reader"], "course": ["member"]})
    found = cast.people.sign_in("both", PASSWORD, cast.domain)
    assert isinstance(found, CloudPerson)
    assert {"reader", "member"} <= found.roles


def test_an_administrator_is_seen_as_one(cast: KeystoneCast) -> None:
    found = cast.people.sign_in("admin", own_keystone.PASSWORD, cast.domain)
    assert isinstance(found, CloudPerson)
    assert "admin" in found.roles


def test_another_domain_has_nobody_of_this_one(cast: KeystoneCast) -> None:
    cast.add("home", PASSWORD)
    assert cast.people.sign_in("home", PASSWORD, "elsewhere") is Denial.WRONG


@pytest.mark.parametrize("name", ["x" * 255, "ñandú", 'a"b', "", "a\nb"])
def test_no_name_makes_a_mistake_of_ours(cast: KeystoneCast, name: str) -> None:
    try:
        assert cast.people.sign_in(name, PASSWORD, cast.domain) is Denial.WRONG
    except CloudRefused:  # Keystone does not take it (400): no name of anybody
        assert name == ""


def test_a_credential_opens_the_project_and_nothing_else(cast: KeystoneCast) -> None:
    cast.add("maker", PASSWORD, in_projects={"lab": ["member"], "course": ["member"]})
    label = f"minga-{uuid.uuid4().hex[:8]}"
    assert cast.people.make_credential("maker", PASSWORD, cast.domain, label=label) == WhichProject(("course", "lab"))
    made = cast.people.make_credential("maker", PASSWORD, cast.domain, label=label, project="course")
    assert isinstance(made, AppCredential)
    assert (made.project, made.region, made.url) == ("course", "RegionOne", cast.keystone.url)
    assert made.secret not in repr(made)
    credential = {"id": made.id, "secret": made.secret}
    asked = {"identity": {"methods": ["application_credential"], "application_credential": credential}}
    answer = requests.post(f"{cast.keystone.url}/auth/tokens", json={"auth": asked}, timeout=PATIENCE)
    assert answer.status_code == 201
    assert answer.json()["token"]["project"]["id"] == cast.projects["course"]


def test_no_credential_without_a_project_or_the_password(cast: KeystoneCast) -> None:
    cast.add("lonely", PASSWORD)
    assert cast.people.make_credential("lonely", PASSWORD, cast.domain, label="x") == WhichProject(())
    assert cast.people.make_credential("lonely", "wrong", cast.domain, label="x") is Denial.WRONG


def test_a_keystone_that_hangs_is_busy_within_the_limit(cast: KeystoneCast) -> None:
    cast.add("patient", PASSWORD)
    hasty = KeystonePeople(cast.keystone.url, seconds=0.5)
    cast.keystone.pause(hangs=True)
    try:
        began = time.monotonic()
        with pytest.raises(CloudBusy):
            hasty.sign_in("patient", PASSWORD, cast.domain)
        assert time.monotonic() - began < PATIENCE  # it hangs until we let it go on
    finally:
        cast.keystone.pause(hangs=False)
    assert isinstance(cast.people.sign_in("patient", PASSWORD, cast.domain), CloudPerson)


def test_a_student_of_the_bench_signs_in(stage: OpenStackStage) -> None:
    """The address of the portal's own cloud is all that this takes of it."""
    found = openstack.config.OpenStackConfig()
    student, portal = found.get_one(STUDENT).config["auth"], found.get_one(CLOUD).config["auth"]
    people = KeystonePeople(portal["auth_url"], seconds=PATIENCE)
    domain = student.get("user_domain_name") or "Default"
    person = people.sign_in(student["username"], student["password"], domain)
    assert isinstance(person, CloudPerson)
    assert person.name == student["username"]
    assert person.roles
    assert people.sign_in(student["username"], "wrong", domain) is Denial.WRONG
