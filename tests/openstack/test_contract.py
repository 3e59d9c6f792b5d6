"""The very same suite that holds the local cloud and the fakes, on the real cloud."""

import pytest

from tests.cloud.test_contract import *  # noqa: F403
from tests.cloud.test_contract import test_a_shelved_server_frees_its_host

pytestmark = pytest.mark.xdist_group("lives")
pytest.mark.alone(test_a_shelved_server_frees_its_host)  # what is taken of the host must only become less
