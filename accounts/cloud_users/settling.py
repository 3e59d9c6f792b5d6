"""Note what the cloud has done with people's cloud users: made, changed, deleted. Each is one short transaction."""

from datetime import datetime

from django.db import transaction

from accounts.cloud_users.asking import forget_sign_in
from accounts.models import CloudUser, OutsideAccount
from accounts.outside.models import KEYSTONE
from cloud.contract import MadeUser


@transaction.atomic
def made(row: CloudUser, user: MadeUser, *, is_enabled: bool, now: datetime) -> None:
    """Note that the user exists as the row asked. A password that was asked for meanwhile, or before a block, still waits."""
    if is_enabled:
        CloudUser.objects.filter(pk=row.pk, sealed_password=row.sealed_password).update(sealed_password="")
    CloudUser.objects.filter(pk=row.pk).update(subject=user.id, is_enabled=is_enabled, checked_at=now, refused="")
    if row.subject != user.id and CloudUser.objects.kept().filter(pk=row.pk).exists():
        _let_in(row, user.id)


def _let_in(row: CloudUser, subject: str) -> None:
    """Let the person sign in here with the new cloud user, too. A link that somebody made is not overwritten."""
    OutsideAccount.objects.filter(user=row.user_id, way=KEYSTONE, subject=row.subject).delete()
    facts = {"user_id": row.user_id, "way": KEYSTONE, "subject": subject, "name": row.name}
    OutsideAccount.objects.bulk_create([OutsideAccount(**facts)], ignore_conflicts=True)


@transaction.atomic
def gone(row: CloudUser) -> None:
    """Note that the cloud has no such user. A person who asked for one again meanwhile gets another."""
    forget_sign_in(row)
    current = CloudUser.objects.select_for_update(of=("self",)).select_related("user").get(pk=row.pk)
    if current.sealed_password and current.ended_at is None and current.user.removed_at is None:
        CloudUser.objects.filter(pk=row.pk).update(subject="")
    else:
        current.delete()


def refused(row: CloudUser, text: str) -> None:
    """Keep the cloud's words for staff."""
    CloudUser.objects.filter(pk=row.pk).update(refused=text.replace("\0", "")[:300])
