"""A live process behind a proxy with TLS, for tests that try each kind of proxy."""

from collections.abc import Iterator

import pytest

from tests.live.process import LiveProcess
from tests.tunnels.tls_proxies import program


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy_kind(request: pytest.FixtureRequest) -> str:
    if program(request.param) is None:
        pytest.skip(f"{request.param} is not installed: apt-get install --no-install-recommends {request.param}")
    return str(request.param)


@pytest.fixture(scope="module")
def live(django_db_setup: None) -> Iterator[LiveProcess]:
    """The live process, which trusts the proxy's words of who comes, and by TLS."""
    process = LiveProcess(trusted=["127.0.0.1"])
    yield process
    process.stop()
