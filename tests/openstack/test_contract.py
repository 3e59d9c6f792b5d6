"""The very same suite that holds the local cloud and the fakes, on the real cloud."""

from tests.cloud.test_contract import *  # noqa: F403
