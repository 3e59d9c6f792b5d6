"""Check what machines are made of: images, sizes, computers, and the services that put them together."""

from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import Flavor, Host, Image
from cloud.diagnosis import Check, command, named, note, right, wrong
from cloud.openstack import cluster, compute_hosts
from cloud.openstack.doctor.survey import Survey
from lib.notes import memory
from lib.notes import two_forms as ngettext

UPLOAD = "manage.py setup_cloud --image FILE --name NAME --login USER"
COMPUTE_LIST = "openstack compute service list"
NETWORK_LIST = "openstack network agent list"


_READY = ngettext("%(count)s ready: %(names)s.", "%(count)s ready: %(names)s.")
_NONE_FITS = ngettext(
    "The only size there is fits no computer of this cluster.",
    "None of the %(count)s sizes fits a computer of this cluster.",
)


def images(survey: Survey) -> list[Check]:
    topic = _("Images")
    rows = [row for row in cluster.pages(survey.client, {"limit": cluster.PAGE}) if row["status"] == "active"]
    public = [row for row in rows if row["visibility"] in ("public", "community")]
    if not public:
        return [wrong(topic, _("There is no public image that is ready."), UPLOAD)]
    names = named([row["name"] or row["id"] for row in public])
    found = [right(topic, _READY, count=len(public), names=names)]
    return found + [check for row in public if (check := _login(row))]


def _login(row: dict[str, Any]) -> Check | None:
    """Check that an image names its user: the student's page shows that."""
    if row.get("os_admin_user"):
        return None
    image, topic = cluster.image(row), _("Images")
    facts = {"name": image.name, "login": image.login}
    if image.login:
        text = _("“%(name)s” does not say who signs in over SSH; “%(login)s” is assumed, from its os_distro.")
        return note(topic, text, says_login(image, image.login), **facts)
    text = _("“%(name)s” does not say who signs in over SSH, and nothing tells it.")
    return note(topic, text, says_login(image, "USER"), **facts)


def says_login(image: Image, login: str) -> str:
    return command("openstack", "image", "set", "--property", f"os_admin_user={login}", image.id)


def sizes(survey: Survey) -> list[Check]:
    topic = _("Sizes")
    flavors = cluster.flavors(survey.client)
    if not flavors:
        return [wrong(topic, _("There is no public size."), "manage.py setup_cloud")]
    biggest = cluster.room(survey.client).biggest_host
    fitting = [flavor for flavor in flavors if not biggest or carries(biggest, flavor)]
    if not fitting:
        return [wrong(topic, _NONE_FITS, _smaller(biggest), count=len(flavors))]
    found = [right(topic, _("%(count)s: %(names)s."), count=len(fitting), names=named([f.name for f in fitting]))]
    if len(fitting) < len(flavors):
        names = named([f.name for f in flavors if f not in fitting])
        found.append(note(topic, _("Larger than any computer here, so do not offer them: %(names)s."), "", names=names))
    return found + _too_small(survey, fitting)


def carries(host: dict[str, int], flavor: Flavor) -> bool:
    return flavor.vcpus <= host["vcpus"] and flavor.ram_mb <= host["ram_mb"] and flavor.disk_gb <= host["disk_gb"]


def _smaller(host: dict[str, int]) -> str:
    ram, disk = str(host["ram_mb"] // 2), str(host["disk_gb"] // 2)
    return command(
        "openstack", "flavor", "create", "--public", "--vcpus", "1", "--ram", ram, "--disk", disk, "minga.small"
    )


def _too_small(survey: Survey, flavors: list[Flavor]) -> list[Check]:
    """Return the images that want more than every size gives."""
    ready = [image for image in cluster.images(survey.client) if image.ready]
    lonely = [image for image in ready if not any(fits(image, flavor) for flavor in flavors)]
    verdict = wrong if ready and len(lonely) == len(ready) else note
    text = _("“%(name)s” wants at least %(ram)s MiB of memory and %(disk)s GiB of disk: no size has that.")
    return [
        verdict(_("Sizes"), text, _flavor_for(image), name=image.name, ram=image.min_ram_mb, disk=image.min_disk_gb)
        for image in lonely
    ]


def fits(image: Image, flavor: Flavor) -> bool:
    """Return whether an image boots in a size. A size with no disk of its own takes the image's."""
    root = flavor.room_for_image
    return flavor.ram_mb >= image.min_ram_mb and (root == 0 or root >= image.min_disk_gb)


def _flavor_for(image: Image) -> str:
    ram, disk = str(max(image.min_ram_mb, 512)), str(max(image.min_disk_gb, 1))
    return command("openstack", "flavor", "create", "--public", "--vcpus", "1", "--ram", ram, "--disk", disk, "NAME")


_NONE_TAKES = ngettext("The only one takes no machines now.", "None of %(count)s takes machines now.")
_TAKE = ngettext(
    "%(count)s of %(all)s takes machines; %(free)s of %(ram)s of memory are free.",
    "%(count)s of %(all)s take machines; %(free)s of %(ram)s of memory are free.",
)


def computers(survey: Survey) -> list[Check]:
    topic = _("Computers")
    hosts = compute_hosts.hosts(survey.client)
    good = [host for host in hosts if host.up and host.enabled]
    if not good:
        text = _NONE_TAKES if hosts else _("The cluster has none.")
        return [wrong(topic, text, f"{COMPUTE_LIST} --service nova-compute", count=len(hosts))]
    room = cluster.room(survey.client)
    free, ram = memory(room.ram_mb - room.ram_mb_used), memory(room.ram_mb)
    taking = right(topic, _TAKE, count=len(good), all=len(hosts), free=free, ram=ram)
    return [taking, *(_away(host) for host in hosts if host not in good)]


def _away(host: Host) -> Check:
    if not host.up:
        text = _("%(name)s has not been heard lately. On it:")
        return note(_("Computers"), text, "systemctl restart nova-compute", name=host.name)
    mend = command("openstack", "compute", "service", "set", "--enable", host.name, "nova-compute")
    return note(_("Computers"), _("%(name)s is set aside: %(why)s"), mend, name=host.name, why=host.note or "–")


def services(survey: Survey) -> list[Check]:
    """Check the cloud's own processes: Nova's services and Neutron's agents. (Those of compute hosts are in the rows of the hosts.)"""
    rows = [row for row in survey.rows("compute", "/os-services", "services") if row["binary"] != "nova-compute"]
    found = [_nova(binary, rows) for binary in ("nova-conductor", "nova-scheduler")]
    agents = survey.rows("network", "/agents", "agents") if "network" in survey.services else []
    dead = [row for row in agents if not row["alive"]]
    if dead and len(dead) == len(agents):
        found.append(
            wrong(_("Services"), _("None of Neutron's agents is heard: new machines get no network."), NETWORK_LIST)
        )
        dead = []
    found += [_dead(row) for row in dead]
    bad = [check for check in found if check]
    if bad:
        return bad
    return [
        right(
            _("Services"),
            _("All are heard: of Nova %(nova)s, of Neutron %(neutron)s."),
            nova=len(rows),
            neutron=len(agents),
        )
    ]


def _nova(binary: str, rows: list[dict[str, Any]]) -> Check | None:
    mine = [row for row in rows if row["binary"] == binary]
    down = sorted(row["host"] for row in mine if row["state"] != "up")
    if not down and mine:
        return None
    if len(down) == len(mine):
        return wrong(
            _("Services"), _("No %(name)s is heard: launches wait."), f"{COMPUTE_LIST} --service {binary}", name=binary
        )
    text = _("%(name)s is not heard on %(hosts)s.")
    return note(_("Services"), text, f"{COMPUTE_LIST} --service {binary}", name=binary, hosts=named(down))


def _dead(row: dict[str, Any]) -> Check:
    text = _("Neutron's %(name)s on %(host)s is not heard.")
    return note(
        _("Services"), text, command("systemctl", "restart", row["binary"]), name=row["agent_type"], host=row["host"]
    )
