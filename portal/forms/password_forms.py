"""Forms about passwords: allauth's, with what they do here besides."""

from typing import Any

from allauth.account import forms as theirs
from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import emails, limits, new_passwords, once, people_mails, proofs
from accounts.outside.own_password import has_no_password_here
from lib.even_time import evenly
from portal.once import FIELD, LONGEST
from portal.request_facts import current_address

HINT = _("At least 8 characters; not an everyday word, and not like your name or e-mail address.")

TWO_PASSWORDS = _("The two are not the same: type the new password twice.")


class EndsTokens(forms.Form):
    """A new password also signs out the person's programs, unless the person says otherwise."""

    end_tokens = forms.BooleanField(
        label=_("Sign out my programs too"),
        help_text=_(
            "All your tokens are revoked, so your programs must sign in again. Leave this on if somebody else may know your old password."
        ),
        required=False,
        initial=True,
    )
    user: Any
    proves_address = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        texts: dict[str, tuple[Any, Any]] = {
            "oldpassword": (_("Current password"), ""),
            "password1": (_("New password"), HINT),
        }
        texts |= {"password2": (_("The new password once more"), "")}
        for name in texts.keys() & self.fields.keys():
            field = self.fields[name]
            field.label, field.help_text = texts[name]
            field.widget.attrs.pop("placeholder", None)  # the label says it

    def add_error(self, field: str | None, error: Any) -> None:
        """Say in our words that the password was typed in two ways; allauth says nothing else of that field."""
        super().add_error(field, error if isinstance(error, ValidationError) or field != "password2" else TWO_PASSWORDS)

    def save(self) -> None:
        """Write the password. allauth's own way writes the whole row as it was before the hashing: a block of meanwhile would be undone."""
        password, end_tokens = self.cleaned_data["password1"], self.cleaned_data.get("end_tokens", True)
        try:
            new_passwords.change(
                person=self.user, password=password, end_tokens=end_tokens, proves_address=self.proves_address
            )
        except proofs.ChangedMeanwhile as refusal:
            raise PermissionDenied(str(refusal)) from None


class ChangePasswordForm(EndsTokens, theirs.ChangePasswordForm):  # type: ignore[misc]
    field_order = ["oldpassword", "password1", "password2", "end_tokens"]

    def clean_oldpassword(self) -> str:
        """Check the current password. Wrong guesses count as they do at the sign-in."""
        with limits.attempt(name=self.user.username, address=current_address()) as tried:
            typed: str = super().clean_oldpassword()
            tried.succeeded()
        return typed


class SetPasswordForm(EndsTokens, theirs.SetPasswordForm):  # type: ignore[misc]
    field_order = ["password1", "password2", "end_tokens"]


class ResetPasswordForm(theirs.ResetPasswordForm):  # type: ignore[misc]
    users: list[Any]  # who gets the mail

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["email"]
        field.label = _("E-mail")
        field.widget.attrs.pop("placeholder", None)

    def clean_email(self) -> str:
        """Mail the link to the account's own address only, for using it proves that one: allauth also knows addresses once claimed."""
        address: str = super().clean_email()
        own = [user for user in self.users if emails.key(user.email) == emails.key(address)]
        self.users = [user for user in own if not has_no_password_here(user)]
        return address

    def save(self, request: Any, **options: Any) -> str:
        """Have the mail sent once for a form that comes twice. Nobody learns whether the account exists: the same is said, as fast."""
        email = emails.key(self.cleaned_data["email"])
        token = request.POST.get(FIELD, "")[:LONGEST]
        key = f"reset:{token}:{email}"
        if token and not once.is_first(key):
            return email
        try:
            self._send(email)
        except Exception:
            once.forget(key)
            raise
        return email

    def _send(self, email: str) -> None:
        """Send no more than the limit allows, so that nobody can flood another person's mailbox."""
        limits.mail(address=current_address(), email=email)
        with evenly():
            people_mails.send_forgotten(self.users, timezone.now())


class ResetPasswordKeyForm(EndsTokens, theirs.ResetPasswordKeyForm):  # type: ignore[misc]
    field_order = ["password1", "password2", "end_tokens"]
    proves_address = True  # whoever holds the link reads its mails

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user and not self.user.has_usable_password():  # invited: there is no old password, and no program yet
            del self.fields["end_tokens"]
