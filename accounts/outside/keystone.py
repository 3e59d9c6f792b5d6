"""People of the cloud, by the contract's People: on OpenStack with the name and password of Horizon."""

import logging
from collections.abc import Collection

from django.conf import settings

from accounts.outside.arrivals import Arrival
from accounts.outside.models import KEYSTONE
from accounts.outside.outside_refusals import (
    AccountLocked,
    NoAnswer,
    NoCredential,
    OutsideRefusal,
    PasswordExpired,
    SecondFactor,
)
from cloud import open_people
from cloud.contract import AppCredential, CloudError, CloudPerson, CloudRefused, Denial, WhichProject
from lib import seldom

log = logging.getLogger(__name__)
WAY = KEYSTONE
REFUSALS: dict[Denial, type[SecondFactor | PasswordExpired | AccountLocked]] = {
    Denial.SECOND_FACTOR: SecondFactor,
    Denial.EXPIRED: PasswordExpired,
    Denial.LOCKED: AccountLocked,
}


def check(name: str, password: str) -> Arrival | None:
    """Ask the cloud. Raises OutsideRefusal."""
    try:
        found = open_people().sign_in(name, password, settings.CLOUD_SIGN_IN_DOMAIN)
    except CloudError as error:
        seldom.warning(log, WAY, "sign-in through the cloud: %s", error, memory=seldom.OWN)
        raise NoAnswer from error
    if isinstance(found, Denial):
        _raise_reason(found)
        return None
    return _arrival(found)


def _raise_reason(denial: Denial) -> None:
    """Raise the refusal that a person reads; nothing for a wrong name or password."""
    if denial in REFUSALS:
        refusal: OutsideRefusal = REFUSALS[denial]()
        raise refusal


def make_credential(
    name: str, password: str, *, label: str, project: str, leftovers: Collection[str] = ()
) -> AppCredential | WhichProject | None:
    """Have the cloud make a credential for the person's own programs; None for a wrong password. Raises OutsideRefusal.

    leftovers: labels of tries that ended in NoAnswer.
    """
    domain = settings.CLOUD_SIGN_IN_DOMAIN
    try:
        made = open_people().make_credential(name, password, domain, label=label, project=project, leftovers=leftovers)
    except CloudRefused as error:
        raise NoCredential(said=str(error)) from error
    except CloudError as error:
        raise NoAnswer from error
    if isinstance(made, Denial):
        _raise_reason(made)
        return None
    return made


def _arrival(person: CloudPerson) -> Arrival:
    return Arrival(WAY, person.id, person.name, person.email, person.full_name, person.roles)
