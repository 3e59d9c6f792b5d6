"""Each loop over rows that may fail is counted on /metrics and has its words on the administrators' page."""

import re
from pathlib import Path

from accounts.failures import LOOPS
from portal.views.failures_page import LABELS

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "catalog", "machines", "nodes", "portal", "quotas", "tunnels")
NAMED = re.compile(r'^[A-Z_, ]+ = (.+?)  # of accounts\.failures|Failures\(("[a-z ]+")[,)]', re.MULTILINE)


def named_in_code() -> set[str]:
    sources = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]
    lines = [constant or name for text in sources for constant, name in NAMED.findall(text)]
    return {name for line in lines for name in re.findall('"([a-z ]+)"', line)}


def test_each_is_counted() -> None:
    assert named_in_code() == set(LOOPS)


def test_each_has_words_for_people() -> None:
    assert LABELS.keys() == set(LOOPS)
