"""Publish a version of the terms of use, accept it, and say who has not accepted the newest one."""

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Terms, TermsAcceptance, User
from lib.notes import Refusal

LONGEST = 50_000  # characters of a text


class TermsNotAccepted(Refusal):
    """The person has to accept the terms of use first."""

    status = 403
    code = "terms_not_accepted"


class OtherVersion(Refusal):
    """Another version was published meanwhile."""

    code = "other_version"


class BadTerms(Refusal):
    """A text that cannot be published, at `field`."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, args: dict[str, int] | None = None, *, field: str) -> None:
        super().__init__(text, args)
        self.field = field


def newest() -> Terms | None:
    """Return the version that counts; it may have no text."""
    return Terms.objects.order_by("-number").first()


def owed() -> Exists:
    """Return, for a queryset of people, whether they have not accepted the terms that count now."""
    newer = Terms.objects.filter(number__gt=OuterRef("number"))
    accepted = TermsAcceptance.objects.filter(terms=OuterRef("pk"), user=OuterRef(OuterRef("pk")))
    return Exists(Terms.objects.exclude(text_en="").filter(~Exists(newer), ~Exists(accepted)))


def owes(person: User) -> bool:
    """Say whether a person has to accept terms. Costs a query, unless the sign-in has read it with the person (portal.adapters)."""
    known = getattr(person, "owes_terms", None)
    return User.objects.filter(owed(), pk=person.pk).exists() if known is None else bool(known)


@transaction.atomic
def publish(*, text_en: str, text_es: str, seen: int, by: User) -> Terms:
    """Publish a new version; without texts nothing is asked any more. seen: the number of the newest version that its writer knows, 0 of none.

    Raises OtherVersion and BadTerms.
    """
    text_en, text_es = _clean(text_en, "text_en"), _clean(text_es, "text_es")
    if bool(text_en) != bool(text_es):
        missing = "text_es" if text_en else "text_en"
        raise BadTerms(_("Write the text in both languages, or leave both empty."), field=missing)
    before = newest()
    if (before.number if before else 0) != seen:
        raise OtherVersion(_("Somebody else published another version meanwhile. Read it first."))
    if (text_en, text_es) == ((before.text_en, before.text_es) if before else ("", "")):
        raise BadTerms(_("This text is already in force. Nothing was published."), field="text_en")
    try:
        with transaction.atomic():
            terms = Terms.objects.create(number=seen + 1, text_en=text_en, text_es=text_es, by=by)
    except IntegrityError:
        raise OtherVersion(_("Somebody else published another version meanwhile. Read it first.")) from None
    verb = "publish_terms" if text_en else "withdraw_terms"
    record(by=by, verb=verb, thing=Thing("terms", terms.number, str(terms.number)))
    return terms


@transaction.atomic
def accept(*, person: User, number: int) -> Terms:
    """Accept the version of this number. Twice is once. Raises OtherVersion where it does not count any more."""
    terms = newest()
    if terms is None or terms.number != number:
        raise OtherVersion(_("The terms have changed meanwhile. Read them again, then accept them."))
    if terms.text_en:
        TermsAcceptance.objects.get_or_create(user=person, terms=terms)
    return terms


def _clean(typed: str, field: str) -> str:
    """Return what was typed, without the characters that no text has. Raises BadTerms for too long a text."""
    text = "".join(char for char in typed.replace("\r\n", "\n") if char.isprintable() or char in "\n\t").strip()
    if len(text) > LONGEST:
        raise BadTerms(_("At most %(most)s characters."), {"most": LONGEST}, field=field)
    return text
