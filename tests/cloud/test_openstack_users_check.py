"""The rows of check_cloud about accounts for Horizon. The cloud is a script: tests/openstack asks a real one."""

from typing import Any
from unittest.mock import Mock

import pytest

from cloud.contract import CloudRefused, MadeUser, Owner, UserSpec
from cloud.openstack.doctor import checks_users
from tests.cloud.scripted import ScriptedClient, survey_of


def test_a_site_that_makes_none_reads_nothing_of_them() -> None:
    assert checks_users.users(survey_of(ScriptedClient())) == []


@pytest.mark.parametrize(("domain", "shown"), [("", "Default"), ("Students", "Students")])
def test_where_they_may_be_made_it_says_so(domain: str, shown: str) -> None:
    [row] = checks_users.users(survey_of(ScriptedClient(), users_domain=domain))
    assert (row.ok, f"domain {shown}" in str(row.found)) == ("right", True)


def test_who_may_not_reads_what_mends_it() -> None:
    client = ScriptedClient()
    client.users_error = CloudRefused("403 You are not authorized")
    [row] = checks_users.users(survey_of(client, users_domain=""))
    assert (row.ok, "role add --user portal" in row.mend) == ("wrong", True)
    assert "may not make accounts" in str(row.found)


def test_a_domain_that_is_not_there_is_said() -> None:
    [row] = checks_users.users(survey_of(ScriptedClient(), users_domain="Nowhere"))
    assert (row.ok, "no domain named Nowhere" in str(row.found), row.mend) == ("wrong", True, "openstack domain list")


class _Cloud:
    def __init__(self, refuses: str = "", has_a_server: bool = False) -> None:
        self.refuses, self.has_a_server, self.asked = refuses, has_a_server, list[str]()

    def ensure_user(self, owner: Owner, user: UserSpec) -> MadeUser:
        self.asked.append(f"make {user.enabled}")
        if self.refuses:
            raise CloudRefused(self.refuses)
        return MadeUser("u")

    def ensure_user_gone(self, owner: Owner, user: UserSpec) -> None:
        self.asked.append("delete")

    def ensure_owner_gone(self, owner: Owner) -> None:
        self.asked.append("delete the project")
        if self.has_a_server:
            raise CloudRefused("There are servers in it.")


AFTERWARDS = ["make False", "delete", "delete the project"]


def test_the_trial_makes_one_that_is_off_and_deletes_it() -> None:
    """The trial makes its project, too: one that is there keeps its quota, and the trial machine would not be let into this one."""
    cloud: Any = _Cloud()
    assert [row.ok for row in checks_users.trial(cloud, "")] == ["right"]
    assert cloud.asked == AFTERWARDS


def test_a_directory_that_takes_no_users_is_said_in_its_own_words() -> None:
    cloud: Any = _Cloud("403 Create, update and delete of users is not supported by this driver")
    [row] = checks_users.trial(cloud, "")
    assert (row.ok, "not supported by this driver" in str(row.found)) == ("wrong", True)
    assert cloud.asked == AFTERWARDS


def test_what_a_killed_trial_left_in_the_project_is_no_fault_of_the_account() -> None:
    cloud: Any = _Cloud(has_a_server=True)
    assert [row.ok for row in checks_users.trial(cloud, "")] == ["right"]


def test_broken_off_it_leaves_nothing() -> None:
    cloud: Any = _Cloud()
    cloud.ensure_user = Mock(side_effect=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        list(checks_users.trial(cloud, ""))
    assert cloud.asked == AFTERWARDS[1:]
