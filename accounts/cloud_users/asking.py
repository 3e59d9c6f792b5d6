"""Ask for a cloud user, for a new password of it, or for its deletion. A worker carries it out: nothing here waits for the cloud."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import security_mails
from accounts.audit.trail import Thing, record
from accounts.cloud_users.sealed_passwords import new_password, seal
from accounts.cloud_users.user_names import name_for
from accounts.models import CloudUser, OutsideAccount, User
from accounts.outside.models import KEYSTONE
from lib import doorbell
from lib.notes import Refusal

TASK = "machines.tasks.follow_cloud_users"


class NotOffered(Refusal):
    """The person may not have a cloud user."""

    status = 404
    code = "not_offered"


def own(person: User) -> CloudUser | None:
    """Return the person's cloud user, also one that is being made or deleted."""
    return CloudUser.objects.filter(user=person).first()


def is_offered(person: User) -> bool:
    """Say whether a person may ask for one: the settings allow it, and they have no account of the cloud from elsewhere."""
    if not settings.KEYSTONE_USERS_FOR_STUDENTS:
        return False
    return not OutsideAccount.objects.filter(user=person, way=KEYSTONE).not_made_here().exists()


def concerns(person: User) -> bool:
    """Say whether a person has such a user, or may ask for one."""
    return is_offered(person) or own(person) is not None


@transaction.atomic
def ask(*, person: User, address: str = "") -> tuple[CloudUser, str]:
    """Ask for a cloud user, or for a new password of it. Return the row and the password, which is shown now and never again.

    Raises NotOffered. Of two requests at once, the later one's password counts.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if not person.is_active or not is_offered(person):
        raise NotOffered(_("Horizon accounts are not available here."))
    password = new_password()
    defaults = {"name": name_for(person)}
    row, is_created = CloudUser.objects.select_for_update().get_or_create(user=person, defaults=defaults)
    is_new = is_created or row.ended_at is not None
    row.sealed_password, row.asked_at, row.refused, row.ended_at = seal(password), timezone.now(), "", None
    row.save(update_fields=["sealed_password", "asked_at", "refused", "ended_at"])
    _record("make_cloud_user" if is_new else "renew_cloud_password", row, by=person)
    security_mails.send(person, "cloud_user" if is_new else "cloud_password", address=address)
    doorbell.ring(TASK)
    return row, password


@transaction.atomic
def end(*, person: User, by: User | None) -> bool:
    """Ask for the deletion of the person's cloud user, which opens nothing here from now on. Return whether there was one."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    row = CloudUser.objects.select_for_update().filter(user=person, ended_at=None).first()
    if row is None:
        return False
    row.ended_at, row.sealed_password = timezone.now(), ""
    row.save(update_fields=["ended_at", "sealed_password"])
    forget_sign_in(row)
    _record("end_cloud_user", row, by=by)
    doorbell.ring(TASK)
    return True


def forget_sign_in(row: CloudUser) -> None:
    """Let nobody sign in here any more with the name and password of this cloud user."""
    if row.subject:
        OutsideAccount.objects.filter(user=row.user_id, way=KEYSTONE, subject=row.subject).delete()


def _record(verb: str, row: CloudUser, *, by: User | None) -> None:
    thing = Thing("person", row.user_id)
    record(by=by, verb=verb, whom=row.user_id, thing=thing, is_own_recorded=True)
