"""The suite of tests/cloud/test_contract_archive.py on the real cloud."""

import pytest

from tests.cloud.test_contract_archive import *  # noqa: F403

pytestmark = pytest.mark.xdist_group("archives")
