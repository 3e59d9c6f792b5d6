"""Stages of allauth's sign-in: between the password and the second step a quarter of an hour may pass, and then the password must still be right."""

from typing import Any

from allauth.account.stages import LoginStage
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.proofs import CHANGED

PROOF = "proof"


def _proof(person: User) -> str:
    return salted_hmac("portal.sign_in_stages", person.get_session_auth_hash(), algorithm="sha256").hexdigest()


class NoteProof(LoginStage):  # type: ignore[misc]  # allauth has no types
    """The first stage: remember the password that was right."""

    key = "note_proof"

    def handle(self) -> tuple[Any, bool]:
        self.login.state[PROOF] = _proof(self.login.user)
        return None, True


class CheckProof(LoginStage):  # type: ignore[misc]
    """The last stage: nobody comes in whose password was changed, or who was signed out everywhere, since then."""

    key = "check_proof"

    def handle(self) -> tuple[Any, bool]:
        if self.login.state.get(PROOF) == _proof(self.login.user):
            return None, True
        messages.warning(self.request, _(CHANGED))
        return redirect("account_login"), False
