"""What tests/cloud/test_contract_archive.py says of every cloud, on the real one."""

import pytest

from tests.cloud.test_contract_archive import *  # noqa: F403

pytestmark = pytest.mark.xdist_group("archives")
