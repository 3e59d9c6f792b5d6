"""A person's own e-mail address: proven by a link that is mailed there, and changed where ADDRESS_CHANGES allows it."""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from accounts import emails, limits, security_mails, sign_up
from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from accounts.person_names import BadPerson, clean_email
from lib.notes import Refusal

PROVE = "account.prove"
LIFE = timedelta(days=3)
_SIGNER = signing.TimestampSigner(salt="accounts.own_address", sep=".")


class BadLink(Refusal):
    """The link is not whole, too old, or the address is another person's by now."""

    status = 404
    code = "bad_link"


def register() -> None:
    """Make the kind of notices known. Nobody unsubscribes from it: the person asks for each."""
    label = gettext_lazy("Links to verify an address")
    kinds.register(kinds.Kind(PROVE, label, facts, "account/prove_mail", proves_address=True))


def ask(*, person: User, email: str, address: str) -> None:
    """Mail a link to an address that this person says is theirs. Raises BadPerson, limits.TooManyMails.

    One that is another person's is not told apart: it gets no mail. `address`: from which it is asked.
    """
    email = clean_email(email)
    if not email:
        raise BadPerson(_("Type an address."), field="email")
    if emails.key(email) != emails.key(person.email) and not settings.ADDRESS_CHANGES:
        raise BadPerson(_("Your university entered this address. Ask an administrator to change it."), field="email")
    limits.mail(address=address, email=email)
    if EmailAddress.objects.filter(email=emails.key(email), verified=True).exclude(user=person).exists():
        return
    now = timezone.now()
    about = f"person:{person.pk}:{now.isoformat()}"
    sent = {"email": email, "proof": _proof(person)}
    outbox.send(
        kind=PROVE, to=person, about=about, channels=[Notice.Channel.MAIL], now=now, arguments=sent, ends_at=now + LIFE
    )


def facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None for whoever is blocked. The link is made only now, and is kept nowhere."""
    if not notice.to_person.is_active:
        return None
    email = notice.arguments["email"]
    text = token(notice.to_person, email, notice.arguments.get("proof", ""))
    link = f"{settings.PORTAL_URL}{reverse('address-prove', args=[text])}"
    return {"subject": gettext("Is this your address?"), "link": link, "to": email, "days": LIFE.days}


def token(person: User, email: str, proof: str = "") -> str:
    """Return the text of a link. proof: what _proof returned when it was asked for; '': it is asked for now."""
    facts = {"person": person.pk, "from": emails.key(person.email), "to": email, "outs": person.sign_outs}
    return str(_SIGNER.sign_object({**facts, "proof": proof or _proof(person)}))


def _proof(person: User) -> str:
    """Return what changes with the password, and with each sign-out of everything."""
    return salted_hmac("accounts.own_address", person.get_session_auth_hash(), algorithm="sha256").hexdigest()[:20]


def read(text: str) -> tuple[User, str]:
    """Return whose link it is, and the address that it proves. Raises BadLink."""
    return _read(text, User.objects.all())


def _read(text: str, people: QuerySet[User]) -> tuple[User, str]:
    try:
        sent = _SIGNER.unsign_object(text, max_age=LIFE)
        person = people.get(pk=sent["person"], is_active=True, removed_at=None)
    except (signing.BadSignature, User.DoesNotExist, ValueError):
        raise _ended() from None
    old, new = emails.key(person.email), emails.key(sent["to"])
    is_newer = old not in (sent["from"], new) or person.sign_outs != sent["outs"]
    # Whoever had the old password may have asked for the change.
    may_change = settings.ADDRESS_CHANGES and sent.get("proof") == _proof(person)
    if is_newer or (old != new and not may_change):
        raise _ended()
    return person, str(sent["to"])


def _ended() -> BadLink:
    return BadLink(_("This link no longer works: it is incomplete or too old, or a newer one has replaced it."))


@transaction.atomic
def prove(text: str) -> User:
    """Take the address of a link as proven, and as the person's own. Raises BadLink."""
    person, email = _read(text, User.objects.select_for_update(no_key=True))
    old = person.email
    if emails.key(old) != emails.key(email):
        sign_up.give_way(username="", email=email)
        if User.objects.filter(email__iexact=email).exclude(pk=person.pk).exists():
            raise _ended()
        _change(person, email)
    if not emails.trust(person):
        raise _ended()
    if old and emails.key(old) != emails.key(email):
        security_mails.send(person, "address", to=old)
    return person


def _change(person: User, email: str) -> None:
    EmailAddress.objects.filter(user=person).delete()
    person.email = email
    person.save(update_fields=["email"])
