"""The table of roles for people who sign in with an outside account."""

import pytest

from accounts.models import User
from accounts.outside.role_table import ROLES, matching, read


def test_its_roles_are_those_of_people() -> None:
    assert list(ROLES) == User.Role.values


@pytest.mark.parametrize("between", [",", ";", "\n", ", ", " ;\n"])
def test_rules_stand_one_after_the_other(between: str) -> None:
    rules = read(between.join(["keystone:admin=admin", "ldap:staff=teacher"]))
    assert [str(rule) for rule in rules] == ["keystone:admin=admin", "ldap:staff=teacher"]


def test_a_group_s_name_may_have_commas_and_equals_signs() -> None:
    [rule] = read("ldap:cn=staff,ou=groups,dc=uni=teacher")
    assert (rule.value, rule.role) == ("cn=staff,ou=groups,dc=uni", "teacher")


@pytest.mark.parametrize("text", ["admin", "keystone:admin", "keystone:=admin", ":admin=admin", "keystone:admin=root"])
def test_a_rule_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        read(f"keystone:x=admin;{text}")


def test_a_rule_holds_for_its_way_and_value_in_any_case() -> None:
    rules = read("keystone:Admin=admin,ldap:admin=teacher,keystone:*=donor")
    assert [rule.role for rule in matching(rules, "keystone", ["ADMIN", "member"])] == ["admin", "donor"]
    assert [rule.role for rule in matching(rules, "keystone", [])] == ["donor"]
