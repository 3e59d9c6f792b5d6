"""Measure what the sweep costs with many servers and no change: calls, time, and the worker's own part of it.

    OS_CLOUD=… python -m bench.openstack_sweep [SERVERS]        300 servers

On the bench cloud, as root (`../shared/openstack/down; ../shared/openstack/up --driver fake` first):

    OS_CLIENT_CONFIG_FILE=$PWD/../shared/openstack/clouds.yaml OS_CLOUD=labcloud-portal .venv/bin/python -m bench.openstack_sweep

The machines are launched through the portal, ten for each student (Nova's own default quota). When all run and nothing is under
way, the sweep's own `look` is called twenty times for the list of changes and twenty times for the whole one, in turn, in a
process that is set up as a worker is (bench/look.py). A whole look asks for the cluster's room, too: two more calls.
"""

import argparse
import time

from bench.cluster import Cluster, started

EACH = 10  # machines of one student: Nova's default quota
CALM_SECONDS = 8.0  # longer than the overlap of two lists of changes


def run(stack: Cluster, number: int) -> None:
    began = time.monotonic()
    students = stack.make_students(-(-number // EACH), machines=EACH)
    stack.launch_many([(students[n // EACH], f"m{n:03}") for n in range(number)])
    print(f"{number} machines of {len(students)} students run after {time.monotonic() - began:.0f} s", flush=True)
    time.sleep(CALM_SECONDS)  # until no list of changes has the launches any more
    others = len(stack.cloud.list_servers().servers) - number
    print(f"servers of others on this cloud, listed as well: {others}")
    print(stack.django("from bench.look import main; main()").strip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the sweep costs with many servers and no change.")
    parser.add_argument("servers", type=int, nargs="?", default=300)
    number = parser.parse_args().servers
    with started() as stack:
        run(stack, number)


if __name__ == "__main__":
    main()
