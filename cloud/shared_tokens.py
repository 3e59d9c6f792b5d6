"""Tokens for students' projects that the processes of one worker share (docs/adr/0050).

The door imports this module, so the memory is there before a worker forks; the OpenStack clients are imported by its forks only.
"""

from lib.fork_memory import ForkMemory

PROJECTS = 1024  # two whose slots are the same take turns
BYTES = 2048  # a Fernet token has about 250

TOKENS = ForkMemory(PROJECTS, BYTES)
