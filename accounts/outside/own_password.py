"""Tell people with a password of this site from those whose password somebody else's server checks."""

from accounts.models import OutsideAccount, User


def has_no_password_here(person: User) -> bool:
    """Say whether this person has no password here that they could change or reset."""
    return not person.has_usable_password() and OutsideAccount.objects.filter(user=person).exists()
