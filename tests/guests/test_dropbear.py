"""dropbear's limits are built in. As a server of its own it turns some of fifty away; from inetd, as docs/admin/cloud.md says, none."""

import re
from pathlib import Path
from textwrap import dedent

from tests.guests.boxes import Box

PAGE = Path(__file__).resolve().parents[2] / "docs/admin/cloud.md"


def from_inetd(box: Box) -> None:
    """Follow the page: its two units, then its commands."""
    text = PAGE.read_text().partition("* **dropbear**")[2].partition("\n* ")[0]
    units = re.findall(r"`(/etc/systemd/\S+)`:\n\n((?: {6}.*\n|\n)+)", text)
    for name, lines in units:
        (box.guest.root / name.lstrip("/")).write_text(dedent(lines))
    commands = re.findall(r"^ {6}(systemctl .*)$", text, re.MULTILINE)
    assert (len(units), len(commands)) == (2, 3)
    for command in commands:
        box.ask(command)


async def test_four_refused_strangers_leave_the_owner_in(dropbear: Box) -> None:
    await dropbear.visitors().strangers_guess(4)
    assert await dropbear.visitors().owner_gets_in()


async def test_as_a_server_of_its_own_it_turns_some_of_fifty_away(dropbear: Box) -> None:
    assert await dropbear.visitors().owners_get_in(50) < 50


async def test_from_inetd_fifty_at_once_all_get_in(dropbear: Box) -> None:
    from_inetd(dropbear)
    assert await dropbear.visitors().owners_get_in(50) == 50
