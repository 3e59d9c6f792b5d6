"""Turns of requests: a crowd at the door is read a few at a time."""

import asyncio
from functools import partial

from portal.live.head_turns import AT_ONCE, HeadTurns


async def test_a_crowd_is_read_a_few_in_a_round_and_in_its_order() -> None:
    turns, read = HeadTurns(), list[int]()
    for number in range(5 * AT_ONCE):
        turns.wait(partial(read.append, number))
    for rounds in range(6):
        await asyncio.sleep(0)
        assert read == list(range(rounds * AT_ONCE))


async def test_one_that_fails_keeps_nobody_out() -> None:
    turns, read, faults = HeadTurns(), list[int](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, fault: faults.append(fault["exception"]))
    turns.wait(partial(divmod, 1, 0))
    for number in range(AT_ONCE):
        turns.wait(partial(read.append, number))
    for _round in range(4):
        await asyncio.sleep(0)
    assert read == list(range(AT_ONCE))
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
