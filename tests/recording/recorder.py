"""Ask every address as everybody. Run by `python -m tests.recording`; pytest is only what starts the servers."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import Settings, settings
from django.db import transaction

from tests.recording import SHARDS

OUT = Path(os.environ.get("MINGA_RECORDING", "recording"))


@pytest.fixture(scope="session")
def things(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    from tests.recording.things import Things
    from tests.upgrade import base

    found = Things()
    settings.PASSWORD_HASHERS = Settings("portal.settings").PASSWORD_HASHERS
    with (
        django_db_blocker.unblock(),
        base.upgraded(found.look),
        time_machine.travel(base.NOW, tick=False),
        transaction.atomic(),
    ):
        yield found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_record(things: Any, shard: int) -> None:
    from tests.recording import everything

    everything.record(OUT, things, shard)
