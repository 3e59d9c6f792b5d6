"""Make what Minga may make on an empty cloud, and report the rest. Safe to repeat.

Never made: networks (only people know their cables), roles, or anything that exists already.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudGone, CloudRefused, Flavor
from cloud.diagnosis import Check, Text, named, sentence
from cloud.openstack import cluster, images
from cloud.openstack.doctor import checks, checks_access, checks_catalog, checks_egress, checks_network
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.upload import Upload, ensure_uploaded, is_there
from lib.notes import Note
from lib.notes import two_forms as ngettext

# RAM in MiB, disk in GiB: a terminal with a small web server; a desktop is more than that.
SIZES = [
    Flavor("", "minga.small", 1, 512, 5),
    Flavor("", "minga.medium", 1, 1024, 10),
    Flavor("", "minga.large", 2, 2048, 20),
]
# Distributions' own file names: who keeps these has not changed the image's user.
CERTAIN = {
    r"cirros-\d+\.\d+": "cirros",
    r"(ubuntu-\d\d\.\d\d.*|(focal|jammy|noble)-server)-cloudimg": "ubuntu",
    r"debian-\d+-(generic|genericcloud|openstack)": "debian",
    r"Fedora-(Cloud-Base|Server-Guest)": "fedora",
    r"CentOS-Stream-GenericCloud": "cloud-user",
    r"Rocky-\d+-GenericCloud": "rocky",
    r"AlmaLinux-\d+-GenericCloud": "almalinux",
    r"Arch-Linux-x86_64-cloudimg": "arch",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the setup: right already, done, to be done, or left to people."""

    topic: str
    what: Literal["right", "did", "would", "left"]
    text: Note
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Wishes of the command line."""

    do: bool  # False: only report
    upload: Upload | None = None

    def change(self, topic: str, text: Text, call: Callable[[], object], **args: Any) -> Step:
        """Make the change, unless this is a dry run."""
        if not self.do:
            return Step(topic, "would", sentence(text, args))
        call()
        return Step(topic, "did", sentence(text, args))


Maker = Callable[[Survey, Wishes], Iterator[Step]]


def set_up(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    """Yield the steps as they are done. Ends early when the sign-in fails or a service is down."""
    for part in (*checks.FIRST, checks.VERSIONS):
        bad = [_left(row) for row in checks.safely(part, survey) if row.ok == "wrong"]
        yield from bad
        if bad:
            return
    for topic, make in MAKERS:
        try:
            yield from make(survey, wishes)
        except (CloudGone, CloudRefused) as error:
            text = _("The cloud does not let this user do it: %(said)s")
            mend = survey.who.role_add("admin") if str(error).startswith("403") else ""
            yield Step(topic, "left", Note(text, {"said": str(error)[:200]}), mend)
        except CloudError as error:
            yield Step(topic, "left", Note(_("No answer: %(said)s"), {"said": str(error)[:200]}))


def _left(row: Check) -> Step:
    return Step(row.topic, "left", row.found, row.mend)


def _roles(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    """Report missing roles. Only the cloud's administrators give them."""
    rows = [*checks_access.own_roles(survey), *checks_access.projects(survey), *checks_access.member(survey)]
    bad = [_left(row) for row in rows if row.ok == "wrong"]
    yield from bad or [Step(_("Roles"), "right", Note(_("All that are needed are there.")))]


def _keypairs(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    topic, project, wanted = _("Key pairs"), survey.who.project, checks_access.wanted_keypairs(survey.students)
    path = f"/os-quota-sets/{survey.client.project_id}"
    allowed = int(survey.get("compute", path)["quota_set"]["key_pairs"])
    if allowed < 0 or allowed >= wanted:
        yield Step(topic, "right", Note(_("Project %(project)s may have enough of them."), {"project": project}))
        return
    text = _("Project %(project)s may have %(wanted)s of them, where it was %(allowed)s.")
    wish = {"quota_set": {"key_pairs": wanted}}
    yield wishes.change(
        topic,
        text,
        lambda: survey.client.request("compute", "PUT", path, json=wish),
        project=project,
        wanted=wanted,
        allowed=allowed,
    )


def _network(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    """Report on the network, which is never made here."""
    rows = [row for row in checks_network.network(survey) if row.ok == "wrong"]
    if rows:
        yield from map(_left, rows)
    else:
        text = _("Machines are put on “%(name)s”.")
        yield Step(_("Network"), "right", Note(text, {"name": survey.network["name"]}))


def _sizes(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    topic, there = _("Sizes"), cluster.flavors(survey.client)
    if there:
        text = _("There are some already, and more are yours to make: %(names)s.")
        yield Step(topic, "right", Note(text, {"names": named([flavor.name for flavor in there])}))
        return
    biggest = cluster.room(survey.client).biggest_host
    fitting = [size for size in SIZES if not biggest or checks_catalog.carries(biggest, size)]
    if not fitting:
        text = _("No computer of this cluster is large enough for the smallest size that is made here.")
        yield Step(topic, "left", Note(text), checks_catalog.COMPUTE_LIST)
    for size in fitting:
        text = _("%(name)s: %(vcpus)s vCPU, %(ram)s MiB of memory, %(disk)s GiB of disk.")
        facts = {"name": size.name, "vcpus": size.vcpus, "ram": size.ram_mb, "disk": size.disk_gb}
        yield wishes.change(topic, text, partial(_make, survey, size), **facts)


def _make(survey: Survey, size: Flavor) -> None:
    wish = {"name": size.name, "vcpus": size.vcpus, "ram": size.ram_mb, "disk": size.disk_gb}
    public = {"os-flavor-access:is_public": True}
    survey.client.request("compute", "POST", "/flavors", json={"flavor": {**wish, **public}})


def _images(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    """Upload the image that was given; where there is none at all, say how to give one."""
    topic, upload = _("Images"), wishes.upload
    rows = [row for row in cluster.pages(survey.client, {"limit": cluster.PAGE}) if row["status"] == "active"]
    if upload and is_there(survey.client, upload):
        yield Step(topic, "right", Note(_("“%(name)s” is there already."), {"name": upload.name}))
    elif upload:
        text = _("“%(name)s” for everybody, %(size)s MB of %(format)s, login %(login)s.")
        facts = {"size": f"{upload.size / 1e6:.0f}", "format": upload.disk_format, "login": upload.login}
        yield wishes.change(topic, text, lambda: ensure_uploaded(survey.client, upload), name=upload.name, **facts)
    elif not any(row["visibility"] in ("public", "community") for row in rows):
        text = _("There is none. Take a distribution's cloud image for OpenStack, and give it:")
        yield Step(topic, "left", Note(text), checks_catalog.UPLOAD)
    else:
        yield Step(topic, "right", Note(_("There are some already.")))
    for row in rows:
        yield from _login(survey, wishes, row)


def _login(survey: Survey, wishes: Wishes, row: dict[str, Any]) -> Iterator[Step]:
    """Write the image's user, only where it is certain or was given."""
    if row.get("os_admin_user") or row["visibility"] not in ("public", "community"):
        return
    topic, image, upload = _("Images"), cluster.image(row), wishes.upload
    login = upload.login if upload and upload.name == row["name"] else certain_login(image.name)
    if login:
        text = _("“%(name)s” says that %(login)s signs in over SSH.")
        change = images.add("os_admin_user", login)
        yield wishes.change(
            topic, text, lambda: images.patch(survey.client, image.id, change), name=image.name, login=login
        )
    else:
        text = _("“%(name)s” does not say who signs in over SSH, and its name does not tell it for certain.")
        yield Step(
            topic, "left", Note(text, {"name": image.name}), checks_catalog.says_login(image, image.login or "USER")
        )


def certain_login(name: str) -> str:
    """Return the user of the file name that the distribution itself gives; '' otherwise."""
    return next((login for pattern, login in CERTAIN.items() if re.match(pattern, name)), "")


_REACH_ALL = ngettext(
    "Machines of %(count)s project reach everything.", "Machines of %(count)s projects reach everything."
)
_KEPT_FROM = ngettext(
    "Machines of %(count)s project are kept from %(networks)s.",
    "Machines of %(count)s projects are kept from %(networks)s.",
)


def _way_out(survey: Survey, wishes: Wishes) -> Iterator[Step]:
    """Bring the group of every project up to date: new ones have the rules from the start."""
    try:
        _chosen = survey.network
    except CloudRefused:
        return  # none was chosen: reported already
    security_groups, topic = survey.security_groups, checks_egress.TOPIC
    late = [group for group in security_groups.everywhere() if not security_groups.are_right(group)]
    if security_groups.way_out.is_open:
        right, text = checks_egress.EVERYTHING, _REACH_ALL
    else:
        right = _("All projects' machines are kept from %(networks)s.")
        text = _KEPT_FROM
    facts = {"networks": named(list(map(str, security_groups.way_out.blocked().networks)))}
    if not late:
        yield Step(topic, "right", Note(right, {} if security_groups.way_out.is_open else facts))
        return
    yield wishes.change(topic, text, partial(security_groups.keep_all, late), count=len(late), **facts)


MAKERS: list[tuple[str, Maker]] = [
    (_("Roles"), _roles),
    (_("Key pairs"), _keypairs),
    (_("Network"), _network),
    (checks_egress.TOPIC, _way_out),
    (_("Sizes"), _sizes),
    (_("Images"), _images),
]
