"""Mails that tell a person that the way they sign in was changed: whoever did not do it must learn of it soon."""

from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notice, User
from accounts.notices import kinds, outbox

CHANGED = "account.changed"
CHANGES: dict[str, Promise] = {
    "password": gettext_lazy("Your password was changed."),
    "app_on": gettext_lazy("An authenticator app was set up for your account."),
    "app_off": gettext_lazy("The authenticator app of your account was removed."),
    "passkey_on": gettext_lazy("A passkey was added to your account."),
    "passkey_off": gettext_lazy("A passkey was removed from your account."),
    "codes": gettext_lazy("New recovery codes were made for your account. The old ones no longer work."),
    "second_step_ended": gettext_lazy(
        "An administrator has ended the second step of your account: the password is enough now."
    ),
    "cloud_user": gettext_lazy("A Horizon account was made for you."),
    "cloud_password": gettext_lazy("The password of your Horizon account was changed."),
    "address": gettext_lazy("The e-mail address of your account was changed."),
    "linked": gettext_lazy("An external account was linked to your account: you can sign in with it here, too."),
    "linked_instead": gettext_lazy(
        "An administrator has linked an external account to your account: you sign in with it now, and no longer with a password here."
    ),
    "unlinked": gettext_lazy(
        "An external account was unlinked from your account: you can no longer sign in with it here."
    ),
}


def register() -> None:
    """Make the kind of notices known. Nobody unsubscribes from it: it is for whom it surprises."""
    label = gettext_lazy("Changes of how people sign in")
    kinds.register(kinds.Kind(CHANGED, label, facts, "account/changed_mail"))


def send(person: User, what: str, *, address: str = "", to: str = "") -> None:
    """Put such a mail into the outbox. `address`: from which it was done. `to`: where to send it instead of the present e-mail address."""
    now = timezone.now()
    arguments = {"what": what, "address": address, "to": to, "at": now.isoformat()}
    about = f"person:{person.pk}:{what}:{now.isoformat()}"
    outbox.send(kind=CHANGED, to=person, about=about, channels=[Notice.Channel.MAIL], now=now, arguments=arguments)


def facts(notice: Notice) -> dict[str, Any]:
    """Return what the mail says."""
    sent = notice.arguments
    to = {"to": sent["to"]} if sent.get("to") else {}
    return {
        "subject": _("Your account on Minga was changed"),
        "change": CHANGES[sent["what"]],
        "at": notice.created_at,
        "address": sent["address"],
        "is_old_address": bool(to),  # links for a new password go elsewhere now
        **to,
    }
