"""An OpenID Connect provider for tests, in a process of its own: `python oidc_provider.py FOLDER PORT CALLBACK`.

django-oauth-toolkit with SQLite. Whoever brings a cookie `person` is signed in as that one; PKCE is required.
"""

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

CLIENT, SECRET = "minga", "a-secret-of-the-tests"
PEOPLE: dict[str, dict[str, Any]] = {
    "ana": {"name": "Ana Paredes", "email": "ana@uni.example", "email_verified": True, "groups": ["staff", "all"]},
    "eve": {"name": "Eve", "email": "student@example.org", "email_verified": False, "groups": []},
    "mail": {"name": "Mail", "email": "student@example.org", "email_verified": True},
    "odd": {
        "preferred_username": ["x", 7],
        "groups": {"admin": True},
        "email": "odd@uni.example",
        "email_verified": "true",
    },
    "student": {"name": "Somebody else", "groups": "staff"},
    "old": {"name": "Old"},
    "bob": {"name": "Bob"},
}
HOURS_AGO = {"old": 5}  # since these have typed their password, and it is not asked again
TIMELESS = {"bob"}  # of whom it does not say when


def main(folder: Path, port: int, callback: str) -> None:
    _configure(folder, port)
    import django

    django.setup()
    _fill(callback)
    from django.core.wsgi import get_wsgi_application

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = make_server("127.0.0.1", port, get_wsgi_application(), Server, Quiet)
    print("ready", flush=True)
    server.serve_forever()


def _configure(folder: Path, port: int) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    settings.configure(
        SECRET_KEY="x" * 50, DEBUG=False, ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=True, LOGIN_URL="/",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", f"{__name__}.by_cookie"],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True, "PKCE_REQUIRED": True, "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
            "OIDC_RSA_PRIVATE_KEY": rsa.generate_private_key(65537, 2048).private_bytes(*pem).decode(),
            "SCOPES": {"openid": "", "profile": "", "email": ""},
        },
    )  # fmt: skip


def _fill(callback: str) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name)
    Application.objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type="confidential", authorization_grant_type="authorization-code",
        redirect_uris=callback, skip_authorization=True, algorithm="RS256", name="Minga",
    )  # fmt: skip


def by_cookie(get_response: Any) -> Any:
    def answer(request: Any) -> Any:
        from django.contrib.auth.models import User

        if name := request.COOKIES.get("person"):
            request.user = User.objects.get(username=name)
        return get_response(request)

    return answer


def __getattr__(name: str) -> Any:
    """Make what needs settings when Django asks for it."""
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
    if name == "Validator":
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class Validator(OAuth2Validator):
            oidc_claim_scope = None

            def get_additional_claims(self, request: Any) -> dict[str, Any]:
                return {"preferred_username": request.user.username, **PEOPLE[request.user.username]}

            def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> Any:
                claims, ends_at = super().get_id_token_dictionary(token, token_handler, request)
                claims["auth_time"] -= 3600 * HOURS_AGO.get(request.user.username, 0)
                if request.user.username in TIMELESS:
                    del claims["auth_time"]
                return claims, ends_at

        return Validator
    raise AttributeError(name)


if __name__ == "__main__":
    sys.modules["oidc_provider"] = sys.modules["__main__"]
    __name__ = "oidc_provider"
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
