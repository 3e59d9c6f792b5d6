"""Forms about passwords: allauth's, with what they do here besides."""

from typing import Any

from allauth.account import forms as theirs
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import emails, limits, once, tokens
from portal.middleware.client_addresses import current_address
from portal.once import FIELD, LONGEST

HINT = _("At least 8 characters; no everyday word, and nothing like your name or address.")


class EndsTokens(forms.Form):
    """A new password also signs out the person's programs, unless the person says otherwise."""

    end_tokens = forms.BooleanField(
        label=_("Sign out my programs too"),
        help_text=_("Ends all your tokens. Leave this on if somebody else may know your old password."),
        required=False,
        initial=True,
    )
    user: Any

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

    def save(self) -> None:
        super().save()  # type: ignore[misc]  # allauth's form, which comes next
        if self.cleaned_data["end_tokens"]:
            tokens.end_all(self.user)


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

    def clean_email(self) -> str:
        """Mail the link to the account's own address only, for using it proves that one: allauth also knows addresses once claimed."""
        address: str = super().clean_email()
        self.users = [user for user in self.users if emails.key(user.email) == emails.key(address)]
        return address

    def save(self, request: Any, **options: Any) -> str:
        """Send the mail once for a form that comes twice. Nobody learns whether the account exists: what was sent is said either way."""
        email = emails.key(self.cleaned_data["email"])
        token = request.POST.get(FIELD, "")[:LONGEST]
        key = f"reset:{token}:{email}"
        if token and not once.is_first(key):
            return email
        try:
            return self._send(request, **options)
        except Exception:
            once.forget(key)
            raise

    def _send(self, request: Any, **options: Any) -> str:
        """Send no more than the limit allows: nobody else's mailbox is to be filled from here."""
        limits.mail(address=current_address(), email=self.cleaned_data["email"])
        sent_to: str = super().save(request, **options)
        return sent_to


class ResetPasswordKeyForm(EndsTokens, theirs.ResetPasswordKeyForm):  # type: ignore[misc]
    field_order = ["password1", "password2", "end_tokens"]

    def save(self) -> None:
        """Take the address as proven: whoever holds the link reads its mails."""
        super().save()
        emails.trust(self.user)
