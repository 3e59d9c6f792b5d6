"""fail2ban as Debian packages it bans an address after five wrong passwords."""

from tests.guests.boxes import AGENT, NEIGHBOUR, Box, until


def is_banned(box: Box, address: str) -> bool:
    return address in box.ask("fail2ban-client get sshd banip").split()


async def test_without_our_user_data_the_agent_is_banned(bare_fail2ban: Box) -> None:
    await bare_fail2ban.visitors().strangers_guess(8)
    until(lambda: is_banned(bare_fail2ban, AGENT), "the agent's address is banned")
    assert not await bare_fail2ban.visitors().owner_gets_in()


async def test_the_agent_is_not_banned_and_another_is(fail2ban: Box) -> None:
    await fail2ban.visitors().strangers_guess(8)
    await fail2ban.visitors(NEIGHBOUR).strangers_guess(8)
    until(lambda: is_banned(fail2ban, NEIGHBOUR), "the neighbour's address is banned")
    assert not is_banned(fail2ban, AGENT)
    assert await fail2ban.visitors().owner_gets_in()
