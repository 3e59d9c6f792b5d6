"""A visit at an OpenID Connect provider, for the modules that sign in or confirm there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.outside.role_table import read
from tests.accounts.outside import oidc_provider
from tests.accounts.outside.oidc_process import BEGIN, Provider
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _patient(settings: Any) -> None:
    """Let no sign-in give a server up because the computer is busy."""
    settings.SIGN_IN_SECONDS = PATIENCE


@pytest.fixture(scope="session")
def _provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Start one process for all modules of the xdist group "oidc"."""
    provider = Provider(tmp_path_factory.mktemp("oidc"))
    yield provider
    provider.end()


@pytest.fixture
def provider(_provider: Provider, db: None, settings: Any) -> Provider:
    app = {
        "provider_id": "oidc",
        "name": "Uni",
        "client_id": oidc_provider.CLIENT,
        "secret": oidc_provider.SECRET,
        "settings": {"server_url": _provider.url, "scope": ["openid", "profile", "email"]},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    settings.OIDC_URL, settings.OIDC_LABEL, settings.OIDC_ROLES_CLAIM = _provider.url, "the Uni", "groups"
    settings.SIGN_IN_ROLES = read("oidc:staff=teacher")
    return _provider


@pytest.fixture
def visit(provider: Provider, client: Client) -> Callable[..., Any]:
    def go(person: str, browser: Client = client, **query: str) -> Any:
        """Go to the provider and come back; return our last answer."""
        begun = browser.get(BEGIN, query)
        assert begun.status_code == 302
        return browser.get(provider.answer(begun["Location"], person))

    return go
