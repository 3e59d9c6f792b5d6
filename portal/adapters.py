"""Adapters of allauth to this site."""

from typing import Any

from allauth.account import auth_backends
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import emails, limits
from accounts.models import User
from lib.compiled_queries import Given, compiled
from portal.middleware.client_addresses import address_of

WRONG_SIGN_IN = _("This name and this password do not go together. Check both, and whether capital letters are locked.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by the university, not by visitors; a person's language follows them to a new browser."""

    # allauth's own Spanish says "usted"; these pages say "tú".
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(("username_password_mismatch", "email_password_mismatch"), WRONG_SIGN_IN),
        "enter_current_password": _("This is not your current password."),
        "account_inactive": _("This account is closed. Ask your teacher or an administrator."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Check a password of a page; the same counter as the API's. Raises a Refusal, which PageForPause answers."""
        name = credentials.get("email") or credentials.get("username") or ""
        with limits.attempt(name=name, address=address_of(request)) as tried:
            user = super().authenticate(request, **credentials)
            if user is not None:
                tried.succeeded()
            return user

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pass on only what a person must know: a page that opens says itself that one is signed in."""
        template = kwargs.get("message_template", args[2] if len(args) > 2 else "") or ""
        if template.endswith(("logged_in.txt", "logged_out.txt")):
            return
        super().add_message(*args, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            name, secure = settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_COOKIE_SECURE
            response.set_cookie(name, user.language, samesite="Lax", secure=secure)
        return response


@compiled
def _person(pk: Given) -> QuerySet[User]:
    return User.objects.filter(pk=pk)


class AuthenticationBackend(auth_backends.AuthenticationBackend):  # type: ignore[misc]
    """allauth's, for which an e-mail address is a name only once it is proven."""

    def get_user(self, user_id: int) -> User | None:
        found: list[User] = _person(pk=user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None

    def _authenticate_by_email(self, email: str, password: str) -> Any:
        person = emails.people_at(email).first()
        return self._check_password(person, password)

    def _authenticate_by_username(self, username: str, password: str) -> Any:
        """Find a username in any case and in the Unicode form NFKC, in which a phone may not have typed it."""
        try:
            person = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            return None
        return self._check_password(person, password)
