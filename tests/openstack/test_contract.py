"""The contract suite of the local cloud and the fakes, on the real cloud."""

import pytest

from tests.cloud.test_contract_hosts import *  # noqa: F403
from tests.cloud.test_contract_hosts import (
    test_a_disabled_host_says_why_and_twice_is_once,
    test_a_shelved_server_frees_its_host,
    test_an_enabled_host_keeps_no_reason,
)
from tests.cloud.test_contract_identity import *  # noqa: F403
from tests.cloud.test_contract_images import *  # noqa: F403
from tests.cloud.test_contract_servers import *  # noqa: F403
from tests.cloud.test_contract_servers import (
    test_a_restart_is_done_once_for_its_number,
    test_of_a_console_only_the_last_lines_come,
    test_the_console_says_that_it_is_ready,
)

pytestmark = pytest.mark.xdist_group("lives")
# They read what a guest writes to its console.
pytest.mark.guest(test_a_restart_is_done_once_for_its_number)
pytest.mark.guest(test_the_console_says_that_it_is_ready)
pytest.mark.guest(test_of_a_console_only_the_last_lines_come)
# The host must have more room afterwards, so nobody else may launch.
pytest.mark.alone(test_a_shelved_server_frees_its_host)
# They disable the only host.
pytest.mark.alone(test_a_disabled_host_says_why_and_twice_is_once)
pytest.mark.alone(test_an_enabled_host_keeps_no_reason)
