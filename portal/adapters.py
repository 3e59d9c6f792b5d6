"""Adapters of allauth to this site."""

from typing import Any

from allauth.account import auth_backends
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import emails, limits, new_passwords, security_mails
from accounts.announcements import current
from accounts.models import User
from accounts.terms import versions
from lib.compiled_queries import Given, compiled
from portal import access
from portal.confirmation import methods_of
from portal.next_page import AFTER_SIGN_UP
from portal.outside_outcomes import no_guess, sentences_of_a_form
from portal.presenters.navigation import home_of
from portal.request_facts import address_of

WRONG_SIGN_IN = _("Wrong name or password. Check both, and whether capital letters are locked.")

CHANGES_OF_ALLAUTH = {
    **dict.fromkeys(("password_changed", "password_reset", "password_set"), "password"),
    "totp_activated": "app_on",
    "totp_deactivated": "app_off",
    "webauthn_added": "passkey_on",
    "webauthn_removed": "passkey_off",
    "recovery_codes_generated": "codes",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by the university, not by visitors; a person's language follows them to a new browser."""

    # allauth's own Spanish says "usted"; these pages say "tú".
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(("username_password_mismatch", "email_password_mismatch"), WRONG_SIGN_IN),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your current password."),
        "invalid_password_reset": _(
            "This link no longer works: it is incomplete or too old, or a newer one has replaced it."
        ),
        "account_inactive": _("This account is closed. Ask your teacher or an administrator."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return that allauth's own sign-up is closed: ours is accounts.sign_up."""
        return False

    def get_login_stages(self) -> list[str]:
        return ["portal.sign_in_stages.NoteProof", *super().get_login_stages(), "portal.sign_in_stages.CheckProof"]

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> None:
        """Tell a person by the outbox what was changed about their sign-in. allauth names it by its template."""
        what = CHANGES_OF_ALLAUTH.get(template_prefix.rpartition("/")[2])
        if what:
            security_mails.send(user, what, address=address_of(self.request))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        kept: str = request.session.pop(AFTER_SIGN_UP, "")
        return kept or home_of(request.user)  # type: ignore[arg-type]  # who has just signed in

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def set_password(self, user: Any, password: str) -> None:
        """Write the password alone: allauth would write the whole row. Our forms do it themselves, and end tokens."""
        new_passwords.change(person=user, password=password, end_tokens=False)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return methods_of(user, found) if user.is_authenticated else found

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Check a password of a page; the same counter as the API's. Raises a Refusal, which PageForPause answers."""
        name = credentials.get("email") or credentials.get("username") or ""
        with sentences_of_a_form(), limits.attempt(name=name, address=address_of(request)) as tried, no_guess(tried):
            user = super().authenticate(request, **credentials)
            if user is not None:
                tried.succeeded()
                stay_signed_in(request, user)
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


def stay_signed_in(request: HttpRequest, person: User) -> None:
    """Keep the session of whoever has just shown their password again: the check hashes an old one anew, which else ends all sessions."""
    if request.user.is_authenticated and request.user.pk == person.pk:
        request.session[HASH_SESSION_KEY] = person.get_session_auth_hash()


@compiled
def _person(pk: Given) -> QuerySet[User]:
    return User.objects.filter(pk=pk).annotate(
        owes_terms=versions.owed(), announced=current.shown(), teaches_a_course=access.teaches_a_course()
    )


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
