"""Proofs of who somebody is that are used later than they were checked: to hash a password takes long, most of all in a crowd."""

from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Refusal

CHANGED = _("Your password was changed meanwhile, or you were signed out everywhere. Sign in again.")


class ChangedMeanwhile(Refusal):
    """The password was changed, or the person blocked, deleted or signed out everywhere, after the proof was checked."""

    code = "changed_meanwhile"


def require_same(row: User | None, proof: str) -> None:
    """Raise ChangedMeanwhile unless a proof still holds. `row`: the person as they are now, locked; None: deleted.

    `proof`: what get_session_auth_hash() was when their password, session or link was checked.
    """
    if row is None or row.get_session_auth_hash() != proof:
        raise ChangedMeanwhile(CHANGED)
