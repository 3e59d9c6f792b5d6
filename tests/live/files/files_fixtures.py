"""A student's machine with files, and the student's page."""

import pytest

from accounts.models import User
from machines.models import Machine
from tests.live.files.files_caller import Caller
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import machine as machine


@pytest.fixture
def page(live: LiveProcess, machine: Machine, student: User) -> Caller:
    return Caller(live, machine.pk, student)
