"""Forms of the second step: allauth's, with our words, our limits, and no code that is good twice."""

import re
from struct import error as StructError
from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as theirs
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits, once
from accounts.sign_in_keys import Unreadable
from portal.mfa_adapter import WRONG_CODE
from portal.request_facts import current_address

LONGEST = 40  # characters of a code, with what people type between
LONGEST_NAME = 60
BASE64 = re.compile(r"[A-Za-z0-9_=-]{1,20000}|public-key")
# What reading a credential that no browser made may raise: the libraries take it apart without looking.
_BROKEN = (ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError, StructError)


def _read_code(form: Any, label: Any) -> None:
    """Word the field, and let phones offer digits and the code itself."""
    field = form.fields["code"]
    field.label, field.max_length = label, LONGEST
    attributes = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": LONGEST, "class": "mono"}
    field.widget = forms.TextInput(attributes)


def _bare(code: str) -> str:
    """Leave out what stands between the groups of a code: allauth knows the blanks and hyphens of ASCII alone."""
    return "".join(filter(str.isalnum, code))


class _Counted(forms.Form):
    """A code of an app is taken once; wrong ones are counted."""

    user: Any
    wrong: Any = gettext_lazy(
        "This code is not right, or was used already. App codes change every 30 seconds: type the one that the app shows now."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _read_code(self, _("Code from your app, or a recovery code"))

    def clean_code(self) -> str:
        self.cleaned_data["code"] = _bare(self.cleaned_data["code"])
        with limits.second_step(self.user, current_address()):
            try:
                code: str = super().clean_code()  # type: ignore[misc]  # allauth's form, which comes next
            except Unreadable:
                raise ValidationError(
                    _("Minga can no longer read your second step. Ask an administrator to end it.")
                ) from None
            except ValidationError:
                raise ValidationError(self.wrong) from None
            if not once.is_first(f"second step:{self.user.pk}:{''.join(filter(str.isdigit, code))}"):
                raise ValidationError(self.wrong)
        return code


class AuthenticateForm(_Counted, theirs.AuthenticateForm):  # type: ignore[misc]
    """The second step of a sign-in."""


class ReauthenticateForm(_Counted, theirs.ReauthenticateForm):  # type: ignore[misc]
    """A code instead of the password, before the second step is changed."""


class ConfirmPasswordForm(account_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before the second step is changed. Wrong ones are counted in the adapter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["password"]
        field.label, field.help_text = _("Your password"), ""
        field.widget.attrs.pop("placeholder", None)


class ActivateAppForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _read_code(self, _("Code shown in the app"))

    def clean_code(self) -> str:
        with limits.second_step(self.user, current_address()):
            try:
                code: str = super().clean_code()
            except ValidationError:
                raise ValidationError(WRONG_CODE) from None
        return code


class _Credential(forms.Form):
    """The credential that a browser sends of a passkey. Nothing in it is typed, so a fault in it has one sentence."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # allauth's form, which comes next
        except _BROKEN:
            raise ValidationError(_("This passkey did not work. Try once more, or choose another way.")) from None


class AuthenticatePasskeyForm(_Credential, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second step of a sign-in."""


class LoginPasskeyForm(_Credential, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of name and password."""


class ReauthenticatePasskeyForm(_Credential, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of the password, before the second step is changed."""


class _Named(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["name"]
        field.label, field.max_length = _("Name"), LONGEST_NAME
        field.help_text = _("A name that you will recognize: “my laptop”, “phone”.")
        field.widget = forms.TextInput({"maxlength": LONGEST_NAME, "autocomplete": "off"})
        field.validators.append(MaxLengthValidator(LONGEST_NAME))


class AddPasskeyForm(_Named, webauthn._BaseAddWebAuthnForm):  # type: ignore[misc]
    """A new passkey. One that does not ask for a finger, a face or a PIN would be less than a password."""

    def clean(self) -> Any:
        try:
            self.cleaned_data["credential"] = _known_parts(self.cleaned_data["credential"])
            self.cleaned_data["passwordless"] = True
            return super().clean()
        except _BROKEN:
            raise ValidationError(_("The browser could not make a passkey here. Try once more.")) from None


def _known_parts(credential: Any) -> dict[str, Any]:
    """Return what is kept of a new passkey, and nothing else that a program may have added. Raises what _BROKEN names."""
    response = {name: _text(credential["response"][name]) for name in ("clientDataJSON", "attestationObject")}
    kept = {name: _text(credential[name]) for name in ("id", "rawId", "type")}
    return {**kept, "response": response, "clientExtensionResults": {"credProps": {"rk": True}}}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not BASE64.fullmatch(value):
        raise ValueError(value)
    return value


class RenamePasskeyForm(_Named, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """A new name for a passkey."""
