"""What comes in is checked for its form here; whether it may be done is the actions' to say."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LONG = 20_000  # no sensible text of ours is longer; the actions say how long a name may be


class Text(serializers.CharField):
    """A string, and only a string: DRF would take 5 for "5"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LONG, "trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if any("\ud800" <= c <= "\udfff" for c in text):  # half of a pair: no database takes it
            self.fail("invalid")
        return text


_PORT_MESSAGES = dict.fromkeys(
    ("invalid", "min_value", "max_value", "max_string_length"), _("A port is a number from 1 to 65535.")
)


class Port(serializers.IntegerField):
    """A TCP port."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": 65535, "error_messages": _PORT_MESSAGES, **options})

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not (str(data).isascii() and str(data).isdigit()):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Credentials(serializers.Serializer[Any]):
    username = Text(max_length=150)
    password = Text(max_length=1000)
    name = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=60,
        help_text="What the token is for, as it is shown on the page Account.",
    )


class Token(serializers.Serializer[Any]):
    token = serializers.CharField()


class Service(serializers.Serializer[Any]):
    name = Text(max_length=30)
    port = Port()
    scheme = serializers.ChoiceField(["ssh", "http", "https", "vnc", "tcp"])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse half a service: a PATCH of a template replaces its services as wholes."""
        errors = {name: field.error_messages["required"] for name, field in self.fields.items() if name not in attrs}
        if errors:
            raise serializers.ValidationError(errors)
        return attrs


class Size(serializers.Serializer[Any]):
    vcpus = serializers.IntegerField()
    ram_mb = serializers.IntegerField(help_text="MiB")
    disk_gb = serializers.IntegerField(help_text="GiB")


class TemplateOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    summary = serializers.CharField()
    icon = serializers.CharField()
    size = Size()
    services = Service(many=True)
    published = serializers.BooleanField()
    author = serializers.CharField(help_text="'' when nobody is known.")
    retired = serializers.BooleanField(help_text="Nobody can launch it any more.")
    idle = serializers.DictField(help_text="What it changes of the idle rules.")
    fits = serializers.BooleanField(help_text="Whether you could launch it now.")
    waits = serializers.BooleanField(help_text="The cluster is full: a launch would queue.")
    why_not = serializers.CharField(help_text="Why you could not, in words; '' when you could.")
    setup_failures = serializers.IntegerField(
        help_text="For those who may change it: of how many living machines the first-boot setup failed. 0 for others."
    )
    setup_fault = serializers.CharField(help_text="Likewise: what the console of one of them said.")


class TemplateChangeOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField(source="by.username", default="", help_text="'' when that person is no longer here.")
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


class TemplateIn(serializers.Serializer[Any]):
    name = Text()
    name_es = Text(required=False, allow_blank=True, max_length=60)
    summary = Text()
    summary_es = Text(required=False, allow_blank=True, max_length=240)
    image = Text(help_text="The cloud's id of an offered image.", max_length=100)
    flavor = Text(help_text="The cloud's id of an offered size.", max_length=100)
    services = Service(many=True)
    login = Text(required=False, allow_blank=True)
    user_data = Text(required=False, allow_blank=True)
    icon = serializers.ChoiceField(["terminal", "web", "database", "network", "screen"], required=False)
    published = serializers.BooleanField(required=False)
    idle = serializers.DictField(
        required=False,
        help_text='What it changes of the idle rules, e.g. {"idle_minutes": 90}; docs/admin/idle.md names them. {} changes none.',
    )


class Access(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    service = serializers.CharField()
    scheme = serializers.CharField()
    host = serializers.CharField()
    port = serializers.IntegerField()
    user = serializers.CharField(help_text="'' where the service has no sign-in name.")
    state = serializers.ChoiceField(
        ["opening", "open", "held", "closed", "failed"],
        help_text="held: its machine sleeps, and wakes when somebody connects who may.",
    )
    answers = serializers.BooleanField(help_text="It is open, and something inside the machine took a connection.")
    note = serializers.CharField()
    target_port = serializers.IntegerField(help_text="The port inside the machine.")
    extra = serializers.BooleanField(help_text="Opened by hand, not by the template.")
    command = serializers.CharField(help_text="The ssh line; '' for other services.")
    url = serializers.CharField(help_text="For http and https; else ''.")


class Setup(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        ["running", "done", "failed", "overdue"], help_text="overdue: not over after an hour."
    )
    line = serializers.CharField(help_text="Of its console: the last one, or the one that tells of a failure.")


class Refused(serializers.Serializer[Any]):
    what = serializers.ChoiceField(["suspend", "archive", "reset", "rescue", "move"])
    note = serializers.CharField(help_text="What was refused, in words.")


class MachineOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    template = serializers.SlugField()
    owner = serializers.CharField()
    state = serializers.CharField(
        help_text="new queued building running suspending suspended waking shelving shelved archiving archived deleting gone failed"
    )
    wanted = serializers.ChoiceField(["running", "suspended", "shelved", "archived", "gone"])
    settled = serializers.BooleanField(
        help_text="Nothing is under way: what you asked for last is done, or has failed. Wait for this and for `state`."
    )
    progress = serializers.IntegerField(help_text="Percent.")
    note = serializers.CharField(help_text="What is going on, in words.")
    actions = serializers.ListField(child=serializers.CharField())
    access = Access(many=True)
    vnc_password = serializers.CharField(
        help_text="Of a screen that the cloud serves on a port; '' where it serves none there."
    )
    created_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    binned_at = serializers.DateTimeField(allow_null=True, help_text="Since when it is in the recycle bin.")
    cloud_says = serializers.CharField(
        help_text="Why the cloud failed or refused, in its own words: for teachers and administrators."
    )
    ready = serializers.BooleanField(
        help_text="It runs, every service of its template answers, and no first-boot setup goes on."
    )
    setup = Setup(allow_null=True, help_text="Of its first boot (cloud-init); null: none was seen on its console.")
    refused = Refused(
        allow_null=True,
        help_text="What the cloud refused and nobody has seen yet; `see` puts it away. null: nothing.",
    )
    vanished = serializers.BooleanField(help_text="Gone because its server was deleted on the cluster itself.")


class CopyOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["due", "ready", "failed"], help_text="due: it is being prepared.")
    size_bytes = serializers.IntegerField(help_text="0 while it is being prepared.")
    disk_format = serializers.CharField(help_text="qcow2, raw…; '' while it is being prepared.")
    note = serializers.CharField(help_text="What went wrong, in words.")
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when it can be downloaded; null: as long as the machine is so."
    )


class Launch(serializers.Serializer[Any]):
    template = serializers.JSONField(help_text="A template's slug or id.")
    name = Text(required=False, allow_blank=True, default="")

    def validate_template(self, value: Any) -> Any:
        """A number as it is; anything else must be text."""
        return value if isinstance(value, int) and not isinstance(value, bool) else Text().run_validation(value)


class Rename(serializers.Serializer[Any]):
    name = Text()


class OpenPort(serializers.Serializer[Any]):
    port = Port()
    scheme = serializers.ChoiceField(["http", "https", "ssh", "vnc", "tcp"], default="tcp")
    allow = serializers.ListField(
        child=Text(max_length=64), default=list, max_length=50, help_text="Addresses or networks; none = everybody."
    )


class KeyIn(serializers.Serializer[Any]):
    name = Text(required=False, allow_blank=True, default="")
    public_key = Text()


class KeyName(serializers.Serializer[Any]):
    name = Text(required=False, allow_blank=True, default="")


class KeyOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    public_key = serializers.CharField()
    fingerprint = serializers.CharField()
    created_at = serializers.DateTimeField()


class MadeKey(KeyOut):
    private_key = serializers.CharField(help_text="Shown once, kept nowhere.")


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
    machine = serializers.UUIDField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["wished", "moved", "noted"])
    by = serializers.CharField(help_text="'' when it was not a person.")
    state = serializers.CharField()
    note = serializers.CharField()


class Me(serializers.Serializer[Any]):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField(), help_text="student teacher donor admin: one or more.")
    role = serializers.CharField(help_text="Goes with version 0.5: the one of `roles` that gives most.")


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="'' when it is about the whole request.")
    detail = serializers.CharField()


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
