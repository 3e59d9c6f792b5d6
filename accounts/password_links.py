"""Links by which a person chooses a password: once, and for some days."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from accounts.models import User
from accounts.outside.own_password import has_no_password_here

FORGOTTEN = timedelta(days=3)  # of whoever has a password; an invitation lasts longer


def days_of_invitation() -> int:
    """Return for how many days a link to choose the first password works."""
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT).days


class PasswordLinks(PasswordResetTokenGenerator):
    """Tokens that end with the first use, a sign-in, an administrator's newer link, a sign-out of everything, or after some days."""

    def check_token(self, user: Any, token: str | None) -> bool:
        """Return whether the token is this person's and not too old. Nobody who is blocked, or whose password is elsewhere, has one."""
        if not user.is_active or not super().check_token(user, token) or has_no_password_here(user):
            return False
        asked_at = base36_to_int(str(token).split("-")[0])
        return not user.has_usable_password() or self._num_seconds(self._now()) - asked_at <= FORGOTTEN.total_seconds()

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        value: str = super()._make_hash_value(user, timestamp)
        return f"{value}|{user.sign_outs}|{user.links_sent}" if user.sign_outs or user.links_sent else value


def address(person: User) -> str:
    """Return the address at which this person chooses a password."""
    where = {"uidb36": int_to_base36(person.pk), "key": PasswordLinks().make_token(person)}
    return settings.PORTAL_URL + reverse("account_reset_password_from_key", kwargs=where)
