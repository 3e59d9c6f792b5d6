"""The second step of a sign-in: an authenticator app, passkeys, and recovery codes for whoever has lost them. allauth.mfa keeps the rows."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from accounts import sign_in_keys
from accounts.models import User
from lib.notes import Refusal


class SecondStepOwed(Refusal):
    """The refusal of everything to whoever has to set up a second step first."""

    status = 403
    code = "second_step_owed"


Type = Authenticator.Type
STEPS = (Type.TOTP, Type.WEBAUTHN)  # recovery codes alone ask for nothing


def is_on(person: User) -> bool:
    """Return whether a password is not enough for this person."""
    return bool(Authenticator.objects.filter(user=person, type__in=STEPS).exists())


def is_owed(person: User) -> bool:
    """Return whether the site asks a second step of a role of this person, who has none."""
    return is_demanded(person) and not is_on(person)


def is_demanded(person: User) -> bool:
    """Return whether the site asks a second step of a role of this person."""
    demanded = settings.MFA_REQUIRED_FOR
    return bool(demanded) and not set(demanded).isdisjoint(person.held_roles)


def facts(person: User) -> dict[str, Any]:
    """Return what this person shows besides the password."""
    kinds = list(Authenticator.objects.filter(user=person, type__in=STEPS).values_list("type", flat=True))
    has_app, passkeys = Type.TOTP in kinds, kinds.count(Type.WEBAUTHN)
    return {"on": bool(kinds), "app": has_app, "passkeys": passkeys, "owed": is_demanded(person) and not kinds}


def end(person: User) -> bool:
    """Forget everything by which this person shows who they are besides the password. Returns whether there was anything."""
    return bool(Authenticator.objects.filter(user=person).delete()[0])


def rotate() -> tuple[int, int]:
    """Seal every secret with the newest key, a row at a time. Returns how many were sealed, and how many no key opens."""
    done = lost = 0
    for pk in list(Authenticator.objects.exclude(type=Type.WEBAUTHN).values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                row.data = sign_in_keys.resealed(row.data)
            except sign_in_keys.Unreadable:
                lost += 1
                continue
            row.save(update_fields=["data"])
            done += 1
    return done, lost
