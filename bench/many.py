"""Measure two hundred simulated machines: does "My machines" answer as fast as with two, and what does a sweep cost?

    python -m bench.many [MACHINES]

One run on one stack: the page is timed with 2 machines of one student, then with MACHINES, cold and warm, signed in.
"""

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

import httpx
from django.utils import timezone

from tests.journeys.stack import Person, Stack, wait_for

RUNS = 30
ROOM = "from quotas.models import Grant; Grant.objects.create(role='', user_id=1, machines=999, vcpus=9999, ram_mb=10**8, disk_gb=10**6, ports=9999)"
SWEEP = "from bench.many import time_sweeps; time_sweeps()"


def signed_in(stack: Stack, name: str) -> httpx.Client:
    browser = httpx.Client(base_url=stack.url, follow_redirects=True, timeout=60)
    page = browser.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    browser.post("/accounts/login/", data={"login": name, "password": "minga", "csrfmiddlewaretoken": token[1]})
    return browser


def page_time(browser: httpx.Client) -> float:
    """Return the median milliseconds of My machines."""
    times = []
    for _run in range(RUNS):
        began = time.perf_counter()
        browser.get("/").raise_for_status()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def launch(stack: Stack, person: Person, number: int) -> float:
    """Launch machines. Return the seconds from the first wish until all run."""
    began = time.monotonic()
    made = [person.launch(name=f"m{n}")["id"] for n in range(number)]
    states: dict[str, str] = {}

    def all_run() -> bool:
        time.sleep(0.5)
        path = "machines/?limit=200"
        while path:
            page = person.call("GET", path).raise_for_status()
            states.update({m["id"]: m["state"] for m in page.json()})
            path = page.links.get("next", {}).get("url", "")
        return all(states.get(pk) == "running" for pk in made)

    wait_for(
        all_run,
        900,
        f"{number} machines run",
        lambda: None,
        lambda: str({s: list(states.values()).count(s) for s in set(states.values())}),
    )
    return time.monotonic() - began


def time_sweeps() -> None:
    """Print what a sweep costs, in a process that is set up as a worker is."""
    # Django must be set up before these are read, which it is only here.
    from cloud import open_cloud
    from machines.models import CloudWatch
    from machines.reconcile.sweep import list_servers

    cloud, watch = open_cloud(), CloudWatch.get_solo()
    for whole in (True, False):
        times = []
        for _run in range(10):
            watch.refresh_from_db()
            watch.cursor = "" if whole else watch.cursor
            began = time.perf_counter()
            list_servers(cloud, watch, timezone.now())
            times.append(time.perf_counter() - began)
        said = "all of them:" if whole else "no change:"
        print("sweep,", said, f"{1000 * statistics.median(times):.1f} ms at the median of 10")


def main() -> None:
    parser = argparse.ArgumentParser(description="My machines and the sweep with many machines.")
    parser.add_argument("machines", type=int, nargs="?", default=200)
    number = parser.parse_args().machines
    with tempfile.TemporaryDirectory(prefix="minga-many-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        # One student launches them all.
        more = {"LOCAL_CLOUD_BUILD_SECONDS": "1", "API_WRITES_A_MINUTE": "1000"}
        stack = Stack(Path(folder) / "data", "simulated", **more).start()
        try:
            stack.django(ROOM)
            student, other = Person(stack, "student"), Person(stack, "student2")
            launch(stack, other, 2)
            few = page_time(signed_in(stack, "student2"))
            seconds = launch(stack, student, number)
            print(
                f"{number} machines launched by one student: all running after {seconds:.1f} s ({seconds / number:.2f} s each)"
            )
            again, many = page_time(signed_in(stack, "student2")), page_time(signed_in(stack, "student"))
            print(
                f"My machines, median of {RUNS}: 2 machines {few:.1f} ms; the same 2 beside {number} others {again:.1f} ms;"
            )
            print(f"  {number} machines of one person {many:.1f} ms (ratio {many / again:.2f})")
            print(stack.django(SWEEP).strip())
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
