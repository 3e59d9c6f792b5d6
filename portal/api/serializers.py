"""The shape of the API's answers. Each field reads a row or a presenter, which the pages read as well."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from portal.api.inputs import Service


class PersonName(serializers.CharField):
    """The username of a person; '' where there is none, or none any more."""

    def get_attribute(self, instance: Any) -> str:
        person: Any = super().get_attribute(instance)
        return "" if person is None else str(person.username)


class Token(serializers.Serializer[Any]):
    token = serializers.CharField()


class DeviceCodes(serializers.Serializer[Any]):
    device_code = serializers.CharField(help_text="The program's own: with it the token is fetched.")
    user_code = serializers.CharField(help_text="A person types it at `verification_uri`.")
    verification_uri = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    interval = serializers.IntegerField(help_text="Seconds to leave between two polls; 5 more after each `slow_down`.")


class Size(serializers.Serializer[Any]):
    vcpus = serializers.IntegerField()
    ram_mb = serializers.IntegerField(help_text="MiB")
    disk_gb = serializers.IntegerField(help_text="GiB")


class TemplateOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="offer.template.pk")
    slug = serializers.SlugField(source="offer.template.slug")
    name = serializers.CharField(source="offer.template.title")
    summary = serializers.CharField(source="offer.template.blurb")
    icon = serializers.CharField(source="offer.template.icon")
    size = Size(source="offer.template.flavor")
    services = Service(source="offer.template.services", many=True)
    published = serializers.BooleanField(source="offer.template.published")
    author = PersonName(source="offer.template.created_by", help_text="'' when nobody is known.")
    retired = serializers.BooleanField(source="is_retired", help_text="Nobody can launch it any more.")
    idle = serializers.DictField(source="offer.template.idle", help_text="What it changes of the idle rules.")
    fits = serializers.BooleanField(help_text="Whether you could launch it now.")
    waits = serializers.BooleanField(source="offer.waits", help_text="The cluster is full: a launch would queue.")
    why_not = serializers.CharField(help_text="Why you could not, in words; '' when you could.")
    setup_failures = serializers.IntegerField(
        help_text="For those who may change it: of how many living machines the first-boot setup failed. 0 for others."
    )
    setup_fault = serializers.CharField(help_text="Likewise: what the console of one of them said.")


class TemplateChangeOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = PersonName(help_text="'' when that person is no longer here.")
    kind = serializers.ChoiceField(["made", "edited", "retired", "brought_back"])
    fields_changed = serializers.DictField(source="fields", help_text='{"name": [before, after], …}')


class ImageOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="cloud_id", help_text="What a template's `image` takes.")
    name = serializers.CharField()
    description = serializers.CharField()
    login = serializers.CharField(help_text="The user of its SSH; '' where nobody said it.")
    can_suspend = serializers.BooleanField(help_text="Its memory is kept while it sleeps.")
    offered = serializers.BooleanField(help_text="Templates may use it.")


class SizeOut(Size):
    id = serializers.CharField(source="cloud_id", help_text="What a template's `flavor` takes.")
    name = serializers.CharField()
    offered = serializers.BooleanField(help_text="Templates may use it.")


class Access(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="tunnel.pk")
    service = serializers.CharField(source="tunnel.service")
    scheme = serializers.CharField(source="tunnel.scheme")
    host = serializers.CharField()
    port = serializers.IntegerField()
    user = serializers.CharField(help_text="'' where the service has no sign-in name.")
    state = serializers.ChoiceField(
        ["opening", "open", "held", "closed", "failed"],
        help_text="held: its machine sleeps, and wakes when somebody connects who may.",
    )
    answers = serializers.BooleanField(help_text="It is open, and something inside the machine took a connection.")
    note = serializers.CharField(source="tunnel.note")
    target_port = serializers.IntegerField(source="tunnel.target_port", help_text="The port inside the machine.")
    extra = serializers.BooleanField(source="tunnel.extra", help_text="Opened by hand, not by the template.")
    command = serializers.CharField(
        help_text="The ssh line, with your key's file where ssh must be told; '' for other services."
    )
    key_files = serializers.ListField(
        child=serializers.CharField(),
        help_text="Your private keys in ~/.ssh that open it and that ssh does not try by itself, the newest first.",
    )
    url = serializers.CharField(help_text="For http and https; else ''.")


class WayInOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="ssh http https vnc tcp; later versions have more.")
    label = serializers.CharField(help_text="For people, in your language.")  # type: ignore[assignment]  # see Problem
    icon = serializers.CharField(help_text="terminal web database network screen")
    address = serializers.CharField(help_text="What a person copies or opens.")
    available = serializers.BooleanField(source="is_available", help_text="It can be used now, or wakes the machine.")
    why_not = serializers.CharField(help_text="Why it cannot be used now, in words; '' when it can.")
    details = serializers.DictField(help_text="What else this kind has: host, port, user, command, key_files, url.")


class Setup(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        ["running", "done", "failed", "overdue"], help_text="overdue: not over after an hour."
    )
    line = serializers.CharField(help_text="Of its console: the last one, or the one that tells of a failure.")


class Refused(serializers.Serializer[Any]):
    what = serializers.ChoiceField(["suspend", "archive", "reset", "rescue", "move"])
    note = serializers.CharField(help_text="What was refused, in words.")


class MachineOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="machine.pk")
    name = serializers.CharField(source="machine.name")
    template = serializers.SlugField(source="machine.template.slug")
    owner = serializers.CharField(source="machine.owner.username")
    state = serializers.CharField(
        source="machine.state_on_the_way",
        help_text="new queued building running suspending suspended waking shelving shelved archiving archived deleting gone failed",
    )
    wanted = serializers.ChoiceField(["running", "suspended", "shelved", "archived", "gone"], source="machine.wanted")
    settled = serializers.BooleanField(
        source="machine.is_settled",
        help_text="Nothing is under way: what you asked for last is done, or has failed. Wait for this and for `state`.",
    )
    progress = serializers.IntegerField(source="progress.percent", help_text="Percent.")
    note = serializers.CharField(source="sentence", help_text="What is going on, in words.")
    actions = serializers.ListField(child=serializers.CharField())
    access = Access(source="reachable", many=True, help_text="The public ports.")
    ways_in = WayInOut(
        source="reachable_ways", many=True, help_text="All ways to connect, of whatever kind, the ports among them."
    )
    vnc_password = serializers.CharField(
        source="screen_password",
        help_text="Of a screen that the cloud serves on a port; '' where it serves none there.",
    )
    created_at = serializers.DateTimeField(source="machine.created_at")
    ready_at = serializers.DateTimeField(source="machine.ready_at", allow_null=True)
    binned_at = serializers.DateTimeField(
        source="machine.binned_at", allow_null=True, help_text="Since when it is in the recycle bin."
    )
    cloud_says = serializers.CharField(
        help_text="Why the cloud failed or refused, in its own words: for teachers and administrators."
    )
    ready = serializers.BooleanField(
        source="is_ready", help_text="It runs, every service of its template answers, and no first-boot setup goes on."
    )
    setup = Setup(
        source="first_boot",
        allow_null=True,
        help_text="Of its first boot (cloud-init); null: none was seen on its console.",
    )
    refused = Refused(
        allow_null=True,
        help_text="What the cloud refused and nobody has seen yet; `see` puts it away. null: nothing.",
    )
    vanished = serializers.BooleanField(
        source="machine.vanished",
        help_text="Gone, because its server was deleted on the cluster itself. It is listed until `see` dismisses it.",
    )


class CopyOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["due", "ready", "failed"], help_text="due: it is being prepared.")
    size_bytes = serializers.IntegerField(help_text="0 while it is being prepared.")
    disk_format = serializers.CharField(help_text="qcow2, raw…; '' while it is being prepared.")
    note = serializers.CharField(help_text="What went wrong, in words.")
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when it can be downloaded; null: as long as the machine is so."
    )


class KeyOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    public_key = serializers.CharField()
    fingerprint = serializers.CharField()
    file_name = serializers.CharField(
        help_text="Of a key that was made here: how its private half is to be called in ~/.ssh. '': it was pasted."
    )
    created_at = serializers.DateTimeField()


class MadeKey(KeyOut):
    private_key = serializers.CharField(help_text="Shown once, kept nowhere.")


class KeyInMachineOut(serializers.Serializer[Any]):
    """A key of yours and a machine."""

    machine = serializers.UUIDField(source="machine.pk")
    name = serializers.CharField(source="machine.name", help_text="Of the machine.")
    installed = serializers.BooleanField(
        source="key.is_installed", help_text="It is in the machine, as far as Minga knows."
    )
    state = serializers.ChoiceField(
        ["none", "waiting", "done", "failed"],
        source="key.state",
        help_text="Of what you asked for last; none, too, where a reset has done it since it failed.",
    )
    code = serializers.CharField(
        source="key.code",
        help_text="Why it failed: not_running held no_portal_key no_site_key unreadable host_key refused not_taken unreachable key_deleted; else ''.",
    )
    note = serializers.CharField(source="key.fault", help_text="The same in words, with what to do.")


class PortalKeyOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        ["in_it", "offered", "leaving", "removed", "none", "unknown"],
        help_text="offered: its owner is to add it by hand. none: this site has no keys for machines. unknown: the machine is older.",
    )
    public_key = serializers.CharField(help_text="'' where there is none.")


class Gauge(serializers.Serializer[Any]):
    used = serializers.IntegerField()
    limit = serializers.IntegerField()
    left = serializers.IntegerField()


class Quota(serializers.Serializer[Any]):
    machines = Gauge()
    vcpus = Gauge()
    ram_mb = Gauge(help_text="MiB")
    disk_gb = Gauge(help_text="GiB")
    ports = Gauge(help_text="Those of archived machines count.")
    archives = Gauge(help_text="The recycle bin counts.")
    archive_gb = Gauge(help_text="GiB")


class EventOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    machine = serializers.UUIDField(source="machine_id")
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["wished", "moved", "noted"])
    by = PersonName(help_text="'' when it was not a person.")
    state = serializers.CharField(source="to_state")
    note = serializers.CharField()


@extend_schema_serializer(deprecate_fields=["role"])
class Me(serializers.Serializer[Any]):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="student teacher donor admin: one or more.")
    role = serializers.CharField(help_text="Goes with version 0.5: the one of `roles` that gives most.")


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="'' when it is about the whole request.")
    detail = serializers.CharField()


class Lack(serializers.Serializer[Any]):
    measure = serializers.CharField(help_text="machines vcpus ram_mb disk_gb ports archives archive_gb")
    asked = serializers.IntegerField(help_text="0: there is too much of it already.")
    used = serializers.IntegerField()
    limit = serializers.IntegerField()
    left = serializers.IntegerField()
    short = serializers.IntegerField(help_text="What must be freed, or given, for what was asked.")


class WayOut(serializers.Serializer[Any]):
    verb = serializers.ChoiceField(["archive", "delete", "ask"], help_text="ask: POST requests/.")
    machine = serializers.UUIDField(allow_null=True, help_text="One that alone frees enough; null with ask.")
    name = serializers.CharField(help_text="Of the machine.")
    detail = serializers.CharField(help_text="A sentence for people, in your language.")


class Problem(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people, in your language.")
    code = serializers.CharField(help_text="A stable word for programs.")
    errors = FieldError(  # type: ignore[assignment]  # a serializer has errors of its own; this one only describes
        many=True, required=False, help_text="With the code invalid: one line for each wrong field."
    )
    lacking = Lack(many=True, required=False, help_text="With the code quota_exceeded.")
    ways_out = WayOut(many=True, required=False, help_text="With the code quota_exceeded: the smallest machines first.")
