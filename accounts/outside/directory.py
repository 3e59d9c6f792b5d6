"""People of a directory (LDAP): found by a search, let in by a bind as themselves; OpenLDAP, Active Directory and their like.

python-ldap is an extra (requirements-ldap.txt): it has no wheels, and most sites need none.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings

from accounts.outside.arrivals import Arrival
from accounts.outside.outside_refusals import AccountLocked, NoAnswer, OutsideRefusal, PasswordExpired
from lib import seldom

log = logging.getLogger(__name__)
WAY = "ldap"
MOST_GROUPS = 500
# Active Directory says why in the text of a refused bind: "… comment: AcceptSecurityContext error, data 532, v4563".
_AD_CODE = re.compile(r"\bdata ([0-9a-f]{3})\b")
_AD: dict[str, type[OutsideRefusal]] = {
    "532": PasswordExpired, "773": PasswordExpired, "533": AccountLocked, "701": AccountLocked, "775": AccountLocked,
}  # fmt: skip
_POLICY: dict[int, type[OutsideRefusal]] = {0: PasswordExpired, 1: AccountLocked, 2: PasswordExpired}


def check(name: str, password: str) -> Arrival | None:
    """Ask the directory; None for a wrong name or password. Raises OutsideRefusal."""
    import ldap

    if not password:  # a bind without one succeeds, as nobody
        return None
    try:
        with _connection() as service:
            service.simple_bind_s(settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD)
            found = _person(service, name)
            if found is None:
                return None
            dn, facts = found
            with _connection() as theirs:
                if not _lets_in(theirs, dn, password):
                    return None
            return _arrival(dn, facts, _groups(service, dn, facts))
    except ldap.LDAPError as error:
        seldom.warning(log, WAY, "sign-in through the directory: %r", error, memory=seldom.OWN)
        raise NoAnswer from error


@contextmanager
def _connection() -> Iterator[Any]:
    """Open a connection, encrypted unless LDAP_STARTTLS says otherwise. No call on it waits longer than SIGN_IN_SECONDS."""
    import ldap

    made = ldap.initialize(settings.LDAP_URL, bytes_mode=False)
    made.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
    made.set_option(ldap.OPT_REFERRALS, 0)
    made.set_option(ldap.OPT_NETWORK_TIMEOUT, settings.SIGN_IN_SECONDS)
    made.set_option(ldap.OPT_TIMEOUT, settings.SIGN_IN_SECONDS)
    made.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    if settings.LDAP_CA:
        made.set_option(ldap.OPT_X_TLS_CACERTFILE, settings.LDAP_CA)
    made.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # last: it takes what was set before
    try:
        if settings.LDAP_STARTTLS and not settings.LDAP_URL.startswith("ldaps:"):
            made.start_tls_s()
        yield made
    finally:
        with suppress(ldap.LDAPError):
            made.unbind_s()


def _person(service: Any, name: str) -> tuple[str, dict[str, list[str]]] | None:
    """Find the one entry of this name; None where there is none, or more than one."""
    import ldap

    try:
        entries = _search(service, settings.LDAP_PEOPLE_BASE, settings.LDAP_PERSON_FILTER, {"name": name}, 2)
    except ldap.SIZELIMIT_EXCEEDED:
        return None
    return entries[0] if len(entries) == 1 else None


def _groups(service: Any, dn: str, facts: dict[str, list[str]]) -> frozenset[str]:
    """Return the names of the person's groups: those that name them, and those that their own entry names (memberOf)."""
    import ldap

    found = set(facts.get("memberof", ()))
    if settings.LDAP_GROUPS_BASE:
        values = {"dn": dn, "name": _first(facts, settings.LDAP_NAME_ATTRIBUTE)}
        form = settings.LDAP_GROUP_FILTER
        try:
            found |= {group for group, _facts in _search(service, settings.LDAP_GROUPS_BASE, form, values, MOST_GROUPS)}
        except ldap.SIZELIMIT_EXCEEDED:
            # Never let in with the roles of half of them: at each sign-in, the table also takes away.
            log.warning("%s is in more than %s groups: narrow LDAP_GROUPS_BASE or LDAP_GROUP_FILTER", dn, MOST_GROUPS)
            raise NoAnswer from None
    return frozenset(found | {_short(group) for group in found})


def _short(dn: str) -> str:
    """Return the value of the first part of a name: staff of cn=staff,ou=groups."""
    import ldap.dn

    try:
        return str(ldap.dn.str2dn(dn)[0][0][1])
    except (ldap.DECODING_ERROR, IndexError):
        return dn


def _search(
    service: Any, base: str, form: str, values: dict[str, str], most: int
) -> list[tuple[str, dict[str, list[str]]]]:
    """Search below `base`. What somebody typed cannot become a part of the filter's grammar. Raises SIZELIMIT_EXCEEDED for more than `most`."""
    import ldap
    from ldap.filter import escape_filter_chars

    text = form
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", escape_filter_chars(value))
    try:
        rows = service.search_ext_s(base, ldap.SCOPE_SUBTREE, text, ["*", "memberOf", "entryUUID"], sizelimit=most)
    except ldap.NO_SUCH_OBJECT:
        return []
    return [(dn, _texts(entry)) for dn, entry in rows if dn]


def _texts(entry: dict[str, list[bytes]]) -> dict[str, list[str]]:
    """Return the attributes under their names in small letters, as texts; bytes that are none (objectGUID) as digits."""
    return {name.lower(): [_text(value) for value in values] for name, values in entry.items()}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _lets_in(theirs: Any, dn: str, password: str) -> bool:
    """Bind as the person, once. Raises PasswordExpired and AccountLocked."""
    import ldap
    from ldap.controls.ppolicy import PasswordPolicyControl

    try:
        _kind, _data, _id, controls = theirs.simple_bind_s(dn, password, serverctrls=[PasswordPolicyControl()])
    except ldap.INVALID_CREDENTIALS as error:
        _raise_reason(error)
        return False
    for control in controls:  # the bind went well, and nothing else would: the password must be changed first
        if isinstance(control, PasswordPolicyControl) and control.error == 2:
            raise PasswordExpired
    return True


def _raise_reason(error: Any) -> None:
    """Raise what the directory says besides no; nothing where it says no more."""
    from ldap.controls import DecodeControlTuples

    said = error.args[0] if error.args else {}
    for control in DecodeControlTuples(said.get("ctrls") or []):
        if reason := _POLICY.get(getattr(control, "error", -1)):
            raise reason()
    code = _AD_CODE.search(str(said.get("info", "")))
    if code and (reason := _AD.get(code[1])):
        raise reason()


def _arrival(dn: str, facts: dict[str, list[str]], groups: frozenset[str]) -> Arrival:
    subject = _first(facts, settings.LDAP_ID_ATTRIBUTE)
    if not subject:
        log.warning("no %s in the entry of %s: set LDAP_ID_ATTRIBUTE", settings.LDAP_ID_ATTRIBUTE, dn)
        raise NoAnswer
    return Arrival(
        WAY, subject, _first(facts, settings.LDAP_NAME_ATTRIBUTE), _first(facts, "mail"),
        _first(facts, "displayname") or _first(facts, "cn"), groups,
    )  # fmt: skip


def _first(facts: dict[str, list[str]], attribute: str) -> str:
    return next(iter(facts.get(attribute.lower(), ())), "")
