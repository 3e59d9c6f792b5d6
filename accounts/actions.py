"""Actions on a person's own SSH keys."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from accounts.keys import BadKey, make_pair, read_public_key
from accounts.models import SshKey, User
from accounts.tokens import CLOSED
from lib.names import clean_name
from lib.notes import Refusal

MOST_KEYS = 20  # a person's keys all go into each of their machines
FILE_NAME = "minga_key"  # of the private half of a pair that was made here, in ~/.ssh


@transaction.atomic
def add_key(*, owner: User, name: str, public_key: str, by: User, made_here: bool = False) -> SshKey:
    """Keep a public key; of a pair that was made here, also its file's name. Raises BadKey, or Refusal: it is there already, or too many are."""
    line, fingerprint, comment = read_public_key(public_key)
    # The comment was not typed here: what cannot be shown of it is left out.
    name = clean_name(name, longest=60) if name.strip() else comment or "key"
    # The person's row is locked so that two requests at once cannot both be the twentieth.
    locked = User.objects.select_for_update().get(pk=owner.pk)
    if not locked.is_active:
        raise Refusal(CLOSED, code="account_closed", status=403)
    if owner.ssh_keys.count() >= MOST_KEYS:
        raise Refusal(
            _("You have %(count)s keys already. Remove one you no longer use, then add this one."),
            {"count": MOST_KEYS},
            code="too_many_keys",
        )
    try:
        with transaction.atomic():
            facts = {"name": name, "public_key": line, "fingerprint": fingerprint}
            return SshKey.objects.create(user=owner, file_name=_file_name(locked) if made_here else "", **facts)
    except IntegrityError:
        raise Refusal(_("You have added this key already."), code="duplicate_key") from None


def make_key(*, owner: User, name: str, by: User) -> tuple[SshKey, str]:
    """Make a pair; the private half (OpenSSH text) is returned once and kept nowhere."""
    private, public = make_pair()
    return add_key(owner=owner, name=name or "minga", public_key=public, by=by, made_here=True), private


def _file_name(owner: User) -> str:
    """Return a name for the file of a new private half that no pair of the person ever had: minga_key, minga_key_2, …

    The file of a removed key may still lie in ~/.ssh. The caller has locked the person's row.
    """
    owner.pairs_made += 1
    owner.save(update_fields=["pairs_made"])
    return FILE_NAME if owner.pairs_made == 1 else f"{FILE_NAME}_{owner.pairs_made}"


def remove_key(*, key: SshKey, by: User) -> None:
    """Delete a key. Machines made before keep it until they are reset."""
    key.delete()


__all__ = ["BadKey", "add_key", "make_key", "remove_key"]
