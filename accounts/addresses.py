"""From where people use the portal, for a day: a connection from there may wake their machines."""

from datetime import datetime

from accounts.models import RECENT, SignIn, User


def note(*, user: User, address: str, at: datetime) -> bool:
    """Remember it. True when this person was not there within the last day."""
    if SignIn.objects.recent(at).filter(user=user, address=address).update(at=at):
        return False
    SignIn.objects.update_or_create(user=user, address=address, defaults={"at": at})
    return True


def forget(now: datetime) -> int:
    """What no longer counts is not kept. Returns how many."""
    return SignIn.objects.filter(at__lte=now - RECENT).delete()[0]
