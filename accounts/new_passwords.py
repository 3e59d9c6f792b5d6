"""Give a person a new password: nothing else of their row is written, and what ends with the old one ends in the same moment."""

from django.db import transaction

from accounts import emails, proofs, tokens
from accounts.models import User


def change(*, person: User, password: str, end_tokens: bool, proves_address: bool = False) -> int:
    """Write the password. Return how many tokens of programs ended. Raises proofs.ChangedMeanwhile.

    `person`: as they were when their old password, or their link, was checked. The hash is made before the transaction begins.
    """
    proof = person.get_session_auth_hash()
    person.set_password(password)
    with transaction.atomic():
        proofs.require_same(User.objects.select_for_update(no_key=True).filter(pk=person.pk).first(), proof)
        User.objects.filter(pk=person.pk).update(password=person.password)
        if proves_address:
            emails.trust(person)
        return tokens.end_all(person) if end_tokens else 0
