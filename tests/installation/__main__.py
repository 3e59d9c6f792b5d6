"""`python -m tests.installation [--without-cloud]`: install Minga into a booted systemd guest by docs/admin/install.md. Needs root."""

import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.installation import cloud, page
from tests.installation.answers import SURROUNDINGS
from tests.installation.claims import Claims
from tests.installation.computers import World
from tests.installation.walk import Failed

PROGRAMS = {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "ip": "iproute2", "git": "git"}


def main() -> int:
    if reason := why_not():
        print(f"The installation page is not tried here: {reason}")
        return 0
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that the guests are halted then, too
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    has_cloud = "--without-cloud" not in sys.argv and cloud.is_up()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="minga-installation-", dir="/var/tmp")))
        world = stack.enter_context(World(folder, has_cloud=has_cloud))
        world.prepare()
        try:
            _install(world)
        except (Failed, AssertionError) as failure:
            print(f"\n{failure}\n\n{world.journal()}")
            return 1
        finally:
            _tell(world)
    print(f"\nInstalled by the page, and well. {time.monotonic() - began:.0f} s in all.")
    return 0


def why_not() -> str:
    if os.geteuid():
        return "it boots a guest, which only root may."
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"it needs the packages {' '.join(missing)}." if missing else ""


def _install(world: World) -> None:
    """The page from top to bottom; what it says in prose is done after the section that says it."""
    claims = Claims(world)
    world.walk.before = claims.before_line
    steps = page.steps(page.PAGE.read_text())
    for section in page.sections(page.PAGE.read_text()):
        print(section, flush=True)
        began = time.monotonic()
        world.walk.follow([step for step in steps if step.section == section])
        for start, holds in claims.after_section.items():
            if section.startswith(start):
                holds()
        world.seconds[section] = time.monotonic() - began
    claims.comes_back_after_a_reboot()
    claims.the_machine_is_deleted()


def _tell(world: World) -> None:
    print("\nNot run as it stands on the page:")
    for line, what, instead, reason in world.walk.stood_in:
        print(f"  {line:>4}  {what.splitlines()[0][:70]}: {instead} ({reason})")
    print("\nThe world around it:")
    for what, instead in SURROUNDINGS.items():
        print(f"  {what}: {instead}")
    print("\nSeconds:")
    for part, seconds in world.seconds.items():
        print(f"  {seconds:6.1f}  {part}")


if __name__ == "__main__":
    sys.exit(main())
