"""The adapter of allauth.mfa to this site: who we are for an authenticator app or a passkey, our words, and sealed secrets."""

from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sign_in_keys

WRONG_CODE = gettext_lazy(
    "This code is not right. App codes change every 30 seconds: type the one that the app shows now."
)


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": WRONG_CODE,
        "cannot_generate_recovery_codes": gettext_lazy(
            "Set up an app or a passkey first: recovery codes are for whoever has lost it."
        ),
    }

    def get_totp_issuer(self) -> str:
        """Return what an app writes beside the code: people may have accounts on more than one Minga."""
        return f"Minga {urlsplit(settings.PORTAL_URL).hostname}"

    def build_totp_svg(self, url: str) -> str:
        """Draw nothing: our page draws the code itself, without markup that it would have to trust."""
        return ""

    def encrypt(self, text: str) -> str:
        return sign_in_keys.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sign_in_keys.unseal(encrypted_text)

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return for whom a passkey is made: the name in the browser's address bar, without its port."""
        return {"id": urlsplit(f"//{context.request.get_host()}").hostname or "", "name": "Minga"}

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.username)
