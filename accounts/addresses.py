"""Addresses from which people used the portal within a day: a connection from there may wake their machines."""

from datetime import datetime

from accounts.models import RECENT, SignIn, User


def note(*, user: User, address: str, at: datetime) -> bool:
    """Remember an address of a person. True when they were not there within the last day; False for whoever is blocked or removed."""
    if SignIn.objects.recent(at).filter(user=user, address=address).update(at=at):
        return False
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        return False
    SignIn.objects.update_or_create(user=user, address=address, defaults={"at": at})
    return True


def forget(now: datetime) -> int:
    """Delete addresses that no longer count. Returns how many."""
    return SignIn.objects.filter(at__lte=now - RECENT).delete()[0]
