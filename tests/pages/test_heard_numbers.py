"""Numbers that are drawn, too: a screen reader says them once."""

import re
from types import SimpleNamespace

from django.template.loader import render_to_string

from quotas.gauges import Gauge

HIDDEN = re.compile(r'<(\w+)[^>]* aria-hidden="true"[^>]*>.*?</\1>', re.DOTALL)
DRAWN = re.compile(r"<progress(?![^>]*aria-hidden)")


def heard(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", HIDDEN.sub("", html)).split())


def test_a_gauge_is_heard_once() -> None:
    usage = SimpleNamespace(gauges=[("vcpus", "Processors", Gauge(3, 4), "")])
    html = render_to_string("parts/gauges.html", {"usage": usage})
    assert heard(html) == "Processors 3 of 4"
    assert not DRAWN.search(html)


def test_the_progress_of_a_machine_is_heard_once() -> None:
    machine = SimpleNamespace(name="condor", state="building")
    progress = SimpleNamespace(percent=35, steps=(), time_left="")
    html = render_to_string("machines/_progress.html", {"s": SimpleNamespace(machine=machine, progress=progress)})
    beside = re.sub(r"<progress.*?</progress>", "", html, flags=re.DOTALL)
    assert (heard(beside), len(DRAWN.findall(html))) == ("", 1)
