"""The idle policy: the site's defaults, what a course changes of them, and what a template changes of its course's."""

from typing import Any

import pytest

from courses.models import Course
from courses.policy import BadPolicy, IdlePolicy, policy_of, site_policy
from tests.factories import make_template


def test_without_any_change_the_defaults_count(db: None) -> None:
    assert policy_of(make_template()) == IdlePolicy()


def test_a_site_changes_them(settings: Any) -> None:
    settings.IDLE = {"idle_minutes": 60.0, "may_hold": False}
    assert (site_policy().idle_minutes, site_policy().may_hold, site_policy().ask_minutes) == (60, False, 15)


def test_a_course_changes_the_sites_and_a_template_its_courses(db: None, settings: Any) -> None:
    settings.IDLE = {"idle_minutes": 60.0, "ask_minutes": 5.0, "bin_days": 3.0}
    course = Course.objects.create(slug="c", name="C", idle={"idle_minutes": 90, "ask_minutes": 20})
    policy = policy_of(make_template(course=course, idle={"ask_minutes": 30}))
    assert (policy.idle_minutes, policy.ask_minutes, policy.bin_days) == (90, 30, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"idle_minuts": 5},
        {"idle_minutes": 0},
        {"idle_minutes": "45"},
        {"idle_minutes": True},
        {"may_hold": 1},
        {"cpu_percent": -1},
    ],
)
def test_a_wrong_rule_is_refused_with_a_sentence(changes: dict[str, Any]) -> None:
    with pytest.raises(BadPolicy) as refused:
        IdlePolicy().changed_by(changes)
    assert next(iter(changes)) in str(refused.value)


def test_a_wrong_row_is_left_out_and_stops_nobody(db: None, caplog: pytest.LogCaptureFixture) -> None:
    course = Course.objects.create(slug="c", name="C", idle={"ask_minutes": 20})
    assert policy_of(make_template(course=course, idle={"idle_minuts": 5})).ask_minutes == 20
    assert "idle_minuts" in caplog.text
