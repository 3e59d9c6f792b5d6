"""Memory that a process and its forks share: also slots that are half written or taken."""

import os

from lib.fork_memory import ForkMemory


def in_a_fork(memory: ForkMemory, key: str, text: str) -> None:
    if (pid := os.fork()) == 0:
        memory.put(key, text)
        os._exit(0)
    os.waitpid(pid, 0)


def test_a_fork_writes_and_its_parent_reads() -> None:
    memory = ForkMemory(4, 128)
    in_a_fork(memory, "lab", "señal")
    assert memory.get("lab") == "señal"


def test_a_key_whose_slot_another_took_reads_as_empty() -> None:
    memory = ForkMemory(1, 128)
    memory.put("lab", "one")
    memory.put("web", "two")
    assert [memory.get("lab"), memory.get("web")] == ["", "two"]


def test_a_half_written_slot_reads_as_empty() -> None:
    memory = ForkMemory(1, 128)
    memory.put("lab", "one")
    memory._memory[22] ^= 1
    assert memory.get("lab") == ""


def test_a_text_that_is_too_long_is_not_kept() -> None:
    memory = ForkMemory(1, 128)
    memory.put("lab", "x" * 109)
    assert memory.get("lab") == ""


def test_a_text_is_dropped_but_not_the_newer_one_of_a_sibling() -> None:
    memory = ForkMemory(4, 128)
    memory.put("lab", "new")
    memory.drop("lab", "old")
    assert memory.get("lab") == "new"
    memory.drop("lab", "new")
    assert memory.get("lab") == ""
