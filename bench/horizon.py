"""Measure My machines beside Horizon's Instances page, for the same servers of the same student on the same cloud.

    OS_CLOUD=… python -m bench.horizon [1,20,100]

On the bench cloud, as root (`../shared/openstack/down; ../shared/openstack/up --driver fake; ../shared/openstack/up-horizon` first):

    OS_CLIENT_CONFIG_FILE=$PWD/../shared/openstack/clouds.yaml OS_CLOUD=labcloud-portal .venv/bin/python -m bench.horizon

One student launches the servers through the portal. A Keystone user, made for it by OS_ADMIN_CLOUD (labcloud-admin) and a member of
the student's project, signs in to Horizon (HORIZON_URL, else http://127.0.0.1:8000); the student signs in to the portal. Both ask
for whole pages over HTTP with the same client, ten times, in turn. Horizon shows all servers on one page, we show twelve: so the
first page is measured, and all pages that show the same servers. That both really show them is checked by their names.
"""

import argparse
import contextlib
import os
import re
import secrets
import statistics
import sys
import time
from collections.abc import Iterator

import httpx
import openstack

from bench.cluster import Cluster, Student, enter, started
from bench.many import signed_in
from cloud.contract import Owner, Quota

RUNS = 10
ON_A_PAGE = 12
HORIZON = os.environ.get("HORIZON_URL", "").rstrip("/") or "http://127.0.0.1:8000"
ADMIN = os.environ.get("OS_ADMIN_CLOUD", "labcloud-admin")
PASSWORD = "minga"  # both the student's and the Keystone user's, who live as long as the bench


def must_answer() -> None:
    try:
        found = httpx.get(f"{HORIZON}/auth/login/", timeout=60).status_code
    except httpx.TransportError as error:
        found = str(error)  # type: ignore[assignment]
    if found != 200:
        sys.exit(
            f"Horizon does not answer at {HORIZON} ({found}). Start it (on the bench cloud: up-horizon), or say HORIZON_URL."
        )


@contextlib.contextmanager
def keystone_member(project: str) -> Iterator[str]:
    """Make a person whom only OpenStack knows. Return her name."""
    admin = openstack.connect(ADMIN)
    name = f"bench-{secrets.token_hex(3)}"
    user = admin.identity.create_user(name=name, password=PASSWORD, default_project_id=project, domain_id="default")
    try:
        role = next(iter(admin.identity.roles(name="member")))
        admin.identity.assign_project_role_to_user(project, user, role)
        yield name
    finally:
        admin.identity.delete_user(user)


def in_horizon(name: str, password: str = PASSWORD) -> httpx.Client:
    """Sign in to Horizon. Fails where it lets nobody in by that name and password."""
    browser = httpx.Client(base_url=HORIZON, follow_redirects=True, timeout=300)
    page = browser.get("/auth/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    region = re.search(r'name="region"[^>]*value="([^"]+)"', page)
    assert token is not None
    answer = browser.post(
        "/auth/login/",
        headers={"Referer": f"{HORIZON}/auth/login/"},
        data={
            "csrfmiddlewaretoken": token[1],
            "username": name,
            "password": password,
            "next": "/project/instances/",
            "region": region[1] if region else "default",
            "auth_type": "credentials",
            "domain": "default",
        },
    )
    assert "/auth/login" not in str(answer.url), "Horizon did not let the student in"
    return browser


def load(browser: httpx.Client, *paths: str) -> tuple[float, str]:
    """Load these pages one after the other. Return the seconds, and their text."""
    began, text = time.perf_counter(), ""
    for path in paths:
        answer = browser.get(path)
        answer.raise_for_status()
        assert "login" not in str(answer.url), f"signed out: {answer.url}"
        text += answer.text
    return time.perf_counter() - began, text


def compare(stack: Cluster, horizon: httpx.Client, ours: httpx.Client, names: list[str]) -> None:
    pages = [f"/?page={n + 1}" for n in range(-(-len(names) // ON_A_PAGE))]
    wanted = {"Horizon": (horizon, ["/project/instances/"]), "first": (ours, ["/"]), "all": (ours, pages)}
    for browser, paths in wanted.values():
        load(browser, *paths)  # both have compiled their templates
    times: dict[str, list[float]] = {who: [] for who in wanted}
    texts: dict[str, str] = {}
    for run in range(RUNS):
        for who in wanted if run % 2 == 0 else reversed(wanted):
            seconds, texts[who] = load(wanted[who][0], *wanted[who][1])
            times[who].append(seconds)
    for who in ("Horizon", "all"):
        missing = [name for name in names if name not in texts[who]]
        assert not missing, f"{who}: {len(missing)} of {len(names)} names are not in the page: {missing[:3]}"
    report(times, {who: len(text) for who, text in texts.items()}, len(names), len(pages))


def report(times: dict[str, list[float]], sizes: dict[str, int], number: int, pages: int) -> None:
    horizon, first, whole = (1000 * statistics.median(times[who]) for who in ("Horizon", "first", "all"))
    print(
        f"{number} server(s), medians of {RUNS}, ms: Horizon {horizon:.0f} ({sizes['Horizon'] // 1024} KiB); My machines {first:.1f} "
        f"({sizes['first'] // 1024} KiB), {horizon / first:.1f} times faster; all {pages} page(s) of it {whole:.1f}, "
        f"{horizon / whole:.1f} times faster",
        flush=True,
    )


def grow(stack: Cluster, student: Student, names: list[str], number: int) -> None:
    """Launch until there are so many; the first one makes the project, whose quota is then raised."""
    while len(names) < number:
        some = names_from(len(names), 1 if not names else number - len(names))
        stack.launch_many([(student, name) for name in some])
        names += some
        stack.cloud.ensure_quota(Owner(student.uuid, student.name, Quota(500, 1000, 1000 * 1024)))


def names_from(first: int, number: int) -> list[str]:
    return [f"condor-{n:03}" for n in range(first, first + number)]


def run(stack: Cluster, sizes: list[int]) -> None:
    [student] = stack.make_students(1, machines=max(sizes), password=PASSWORD)
    names: list[str] = []
    grow(stack, student, names, 1)
    [(project, _owner)] = stack.projects()
    with keystone_member(project) as name:
        for number in sizes:
            grow(stack, student, names, number)
            compare(stack, in_horizon(name), signed_in(stack, student.name), names)


def main() -> None:
    parser = argparse.ArgumentParser(description="Our My machines beside Horizon's Instances page.")
    parser.add_argument("sizes", nargs="?", default="1,20,100")
    sizes = sorted(int(size) for size in parser.parse_args().sizes.split(","))
    enter()
    must_answer()
    with started(API_WRITES_A_MINUTE="1000") as stack:  # one student launches them all
        run(stack, sizes)


if __name__ == "__main__":
    main()
