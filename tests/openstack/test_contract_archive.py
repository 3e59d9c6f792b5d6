"""What tests/cloud/test_contract_archive.py says of every cloud, on the real one."""

from tests.cloud.test_contract_archive import *  # noqa: F403
