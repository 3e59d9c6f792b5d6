"""Debian 13's sshd punishes addresses; what one visitor of a machine does must not shut out the others."""

from tests.guests.boxes import AGENT, NEIGHBOUR, Box


async def test_without_our_user_data_fifty_at_once_do_not_all_get_in(bare_sshd: Box) -> None:
    assert await bare_sshd.visitors().owner_gets_in()
    assert await bare_sshd.visitors().owners_get_in(50) < 50


async def test_without_our_user_data_a_few_refused_strangers_lock_the_owner_out(bare_sshd: Box) -> None:
    await bare_sshd.visitors().strangers_guess(8)
    assert not await bare_sshd.visitors().owner_gets_in()


async def test_four_refused_strangers_leave_the_owner_in(sshd: Box) -> None:
    await sshd.visitors().strangers_guess(4)
    assert await sshd.visitors().owner_gets_in()


async def test_forty_strangers_at_once_leave_the_owner_in(sshd: Box) -> None:
    await sshd.visitors().strangers_guess(40)
    assert await sshd.visitors().owner_gets_in()


async def test_fifty_at_once_all_get_in(sshd: Box) -> None:
    assert await sshd.visitors().owners_get_in(50) == 50


async def test_another_address_is_punished_as_before(sshd: Box) -> None:
    await sshd.visitors(NEIGHBOUR).strangers_guess(8)
    assert not await sshd.visitors(NEIGHBOUR).owner_gets_in()
    assert await sshd.visitors().owner_gets_in()


def test_sshd_says_so_itself(sshd: Box) -> None:
    said = sshd.ask("sshd -T").splitlines()
    wanted = {f"persourcepenaltyexemptlist {AGENT}/32", "persourcemaxstartups none", "maxstartups 100:30:200"}
    assert wanted - set(said) == set()
