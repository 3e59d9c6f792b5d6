"""Lines break neither between a number and its unit nor before the dot between two facts."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from portal.templatetags.minga import ago

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
LOOSE = re.compile("(?<!&nbsp;)·")


@pytest.mark.parametrize(
    ("past", "said"), [({"minutes": 5}, "hace\u00a05\u00a0min"), ({"hours": 3}, "hace\u00a03\u00a0h")]
)
def test_how_long_since_stays_on_one_line(past: dict[str, int], said: str) -> None:
    with override("es"):
        assert ago(timezone.now() - timedelta(seconds=1, **past)) == said


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_dot_stays_with_what_it_follows(template: Path) -> None:
    lines = [line for line in template.read_text().splitlines() if "<title>" not in line and "block title" not in line]
    assert not [line for line in lines if LOOSE.search(line)]
