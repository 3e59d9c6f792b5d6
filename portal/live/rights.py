"""The rights of those who are connected: who may stay, and who may know of a change. Both are short database calls."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import second_steps
from accounts.models import User
from portal import access
from portal.live.entry import PERSON, Entry, Refused

Change = tuple[str, str]  # kind, id
MACHINES = ("machine", "holder")  # kinds whose id is a machine's; tunnels know only that somebody holds them
_STILL = """
SELECT u.id, u.username, u.is_active, u.is_superuser, u.roles, u.password, u.sign_outs, entry.number AS entry_number,
EXISTS (SELECT FROM mfa_authenticator m WHERE m.user_id = u.id AND m.type = ANY(%s)) AS has_second_step
FROM unnest(%s::text[], %s::text[], %s::bigint[]) WITH ORDINALITY AS entry(kind, key, person, number)
JOIN accounts_user u ON u.id = entry.person AND u.is_active
WHERE NOT EXISTS (
  SELECT FROM accounts_terms t WHERE t.text_en <> '' AND t.number = (SELECT max(number) FROM accounts_terms)
  AND NOT EXISTS (SELECT FROM accounts_termsacceptance a WHERE a.terms_id = t.id AND a.user_id = u.id))
AND CASE entry.kind
  WHEN 'person' THEN TRUE
  WHEN 'session' THEN EXISTS (SELECT FROM django_session s WHERE s.session_key = entry.key AND s.expire_date > %s)
  ELSE EXISTS (SELECT FROM knox_authtoken t WHERE t.digest = entry.key AND (t.expiry IS NULL OR t.expiry > %s)) END
"""


def still(entries: Sequence[Entry]) -> dict[int, User]:
    """Return the people as they are now, by the place of their entry; without those whose right has ended. One query for all."""
    now = timezone.now()
    columns = [e.kind for e in entries], [e.key for e in entries], [e.person.pk for e in entries]
    people: Iterable[Any] = User.objects.raw(_STILL, [[step.value for step in second_steps.STEPS], *columns, now, now])
    found = {person.entry_number - 1: person for person in people if not _owes_second_step(person)}
    return {place: person for place, person in found.items() if _has_proof(person, entries[place])}


def person_now(entry: Entry) -> User:
    """Return who came in, as they are now. Raises Refused (401) where their right has ended."""
    person = still([entry]).get(0)
    if person is None:
        raise Refused(401, "unknown")
    return person


def _has_proof(person: User, entry: Entry) -> bool:
    """Say whether the password is as it was at the entry; what goes on for a person who has left does not depend on that."""
    return entry.kind == PERSON or person.get_session_auth_hash() == entry.proof


def _owes_second_step(person: Any) -> bool:
    return second_steps.is_demanded(person) and not person.has_second_step


def recipients(changes: Collection[Change], people: Collection[User]) -> dict[Change, set[int]]:
    """Say of each change which of these people (by pk) may know of it. A change of an unknown kind, or of nothing, is nobody's."""
    machines = {change: pk for change in changes if change[0] in MACHINES and (pk := _uuid(change[1]))}
    carers = access.carers(set(machines.values()), people) if machines and people else {}
    return {change: carers.get(pk, set()) for change, pk in machines.items()}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
