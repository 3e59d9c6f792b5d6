"""Visitors who are not let in: counted each time, named in the log once."""

import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from lib import seldom
from portal.live import numbers, refused_entries
from tests.live.process import LiveProcess
from tests.waiting import PATIENCE


@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("live")
@pytest.mark.slow
@pytest.mark.parametrize("door", [f"files/{uuid4()}", f"check/{uuid4()}", "events"], ids=["files", "check", "events"])
def test_strangers_do_not_fill_the_log(live: LiveProcess, door: str, caplog: pytest.LogCaptureFixture) -> None:
    seldom.OWN.clear()
    caplog.set_level("INFO", "portal.live")
    counts = live.hub.counts
    before = counts["refused origin"]
    answers = [httpx.get(f"{live.url}/live/{door}", timeout=PATIENCE) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {403}
    assert counts["refused origin"] - before == 3
    said = [record.getMessage() for record in caplog.records if record.name == "portal.live"]
    assert said == ["connections are refused: 403 origin"]


def test_metrics_have_each_reason() -> None:
    sources = Path(refused_entries.__file__).parent.rglob("*.py")
    reasons = {reason for path in sources for reason in re.findall(r'Refused\(\d+, "(\w+)"', path.read_text())}
    assert reasons <= set(numbers.REFUSED)
