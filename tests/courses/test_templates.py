"""Teachers make cards; what would not work is refused with a sentence."""

from typing import Any

import pytest
from django.utils.translation import override

from accounts.models import User
from courses.actions import BadTemplate, create_template, edit_template, retire_template
from courses.models import Template
from courses.policy import LIMITS, BadPolicy, IdlePolicy, checked_rules, policy_of
from lib.names import BadName
from machines.actions import NoTemplate, launch
from tests.factories import SERVICES, grant, make_gateway, make_template


def card(by: User, **changes: Any) -> Template:
    """A template like the factory's, through the action."""
    base = make_template()
    fields = {
        "name": "Redes",
        "summary": "For the course.",
        "image": base.image,
        "flavor": base.flavor,
        "services": SERVICES,
    }
    return create_template(by=by, **{**fields, **changes})


def test_a_teacher_makes_one_and_it_gets_an_address(teacher: User) -> None:
    assert [card(teacher, name="Redes II").slug for _ in range(2)] == ["redes-ii", "redes-ii-2"]


@pytest.mark.parametrize(
    "service",
    [
        {"name": "ssh", "port": 0, "scheme": "ssh"},
        {"name": "ssh", "port": 70_000, "scheme": "ssh"},
        {"name": "SSH!", "port": 22, "scheme": "ssh"},
        {"name": "ssh", "port": 22, "scheme": "gopher"},
        {"name": "port-80", "port": 80, "scheme": "http"},
    ],
)
def test_a_wrong_service_is_refused(teacher: User, service: dict[str, Any]) -> None:
    with pytest.raises(BadTemplate):
        card(teacher, services=[service])


def test_two_services_on_one_port_are_refused(teacher: User) -> None:
    with pytest.raises(BadTemplate):
        card(teacher, services=[SERVICES[0], {**SERVICES[0], "name": "other"}])


def test_a_name_on_two_lines_is_refused(teacher: User) -> None:
    with pytest.raises(BadName):
        edit_template(template=card(teacher), by=teacher, name="a\nb")


@pytest.mark.parametrize("field", ["name_es", "summary", "summary_es"])
def test_so_is_each_other_line_of_it(teacher: User, field: str) -> None:
    with pytest.raises(BadName):
        card(teacher, **{field: "a\nb"})


def test_blanks_are_no_spanish_name(teacher: User) -> None:
    assert card(teacher, name_es=" \u3000 ").name_es == ""


def test_it_is_read_in_the_readers_language(teacher: User) -> None:
    template = card(teacher, name="Networks", name_es="Redes")
    with override("es"):
        assert template.title == "Redes"
    assert template.title == "Networks"


def test_a_retired_one_cannot_be_launched(teacher: User) -> None:
    make_gateway()
    grant(teacher)
    template = card(teacher)
    retire_template(template=template, by=teacher)
    with pytest.raises(NoTemplate):
        launch(owner=teacher, template=template, name="", by=teacher)


def test_a_teacher_changes_its_idle_rules(teacher: User) -> None:
    template = edit_template(template=card(teacher), by=teacher, idle={"idle_minutes": 90, "may_hold": False})
    template.refresh_from_db()
    assert (policy_of(template).idle_minutes, policy_of(template).may_hold) == (90, False)


@pytest.mark.parametrize(
    "rules", [{"idle_minutes": 9}, {"archive_days": 366}, {"ask_minutes": 10**400}, {"nothing": 1}, {"may_hold": 1}]
)
def test_a_rule_that_leaves_no_time_to_answer_or_keeps_a_place_for_ever_is_refused(
    teacher: User, rules: dict[str, Any]
) -> None:
    template = card(teacher)
    with pytest.raises(BadPolicy) as refused:
        edit_template(template=template, by=teacher, name="Other", idle=rules)
    assert next(iter(rules)) in str(refused.value)
    template.refresh_from_db()
    assert (template.name, template.idle) == ("Redes", {})


def test_the_defaults_are_within_the_limits() -> None:
    usual = {name: getattr(IdlePolicy(), name) for name in LIMITS}
    assert checked_rules(usual) == usual
