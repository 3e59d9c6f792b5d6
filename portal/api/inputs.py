"""The shape of what programs send to the API. Whether it may be done is decided by the actions."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lib.schemes import SCHEMES

_DIGITS = re.compile(r"-?[0-9]+", re.ASCII)
_DECIMALS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
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


class Whole(serializers.IntegerField):
    """A whole number, or its digits as a text. Python also reads 6_4, blanks, and the digits of other alphabets."""

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not (is_number or (isinstance(data, str) and _DIGITS.fullmatch(data))):
            self.fail("invalid")
        return int(super().to_internal_value(data))


_PORT_MESSAGES = dict.fromkeys(
    ("invalid", "min_value", "max_value", "max_string_length"), _("A port is a number from 1 to 65535.")
)


class Decimals(serializers.DecimalField):
    """A number with a point, or its digits as a text, as with Whole."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if isinstance(data, bool) or (isinstance(data, str) and not _DECIMALS.fullmatch(data)):
            self.fail("invalid")
        return super().validate_empty_values(data)


class Port(Whole):
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
    code = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=40,
        help_text="For who has a second step: the code of the app, or a recovery code.",
    )
    name = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=60,
        help_text="What the token is for, as it is shown on the page Account.",
    )


class Device(serializers.Serializer[Any]):
    name = Text(max_length=60, help_text="Of the computer: it is shown to who allows it, and names the token.")


class DeviceCode(serializers.Serializer[Any]):
    device_code = Text(max_length=100)


class Service(serializers.Serializer[Any]):
    name = Text(max_length=30)
    port = Port()
    scheme = serializers.ChoiceField(SCHEMES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse half a service: a PATCH of a template replaces its services as wholes."""
        errors = {name: field.error_messages["required"] for name, field in self.fields.items() if name not in attrs}
        if errors:
            raise serializers.ValidationError(errors)
        return attrs


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


class Launch(serializers.Serializer[Any]):
    template = serializers.JSONField(help_text="A template's slug or id.")
    name = Text(required=False, allow_blank=True, default="")

    def validate_template(self, value: Any) -> Any:
        """Take a number as it is; anything else must be text."""
        return value if isinstance(value, int) and not isinstance(value, bool) else Text().run_validation(value)


class Rename(serializers.Serializer[Any]):
    name = Text()


class KeepMoment(serializers.Serializer[Any]):
    name = Text()


class OpenPort(serializers.Serializer[Any]):
    port = Port()
    scheme = serializers.ChoiceField(SCHEMES, default="tcp")
    allow = serializers.ListField(
        child=Text(max_length=64), default=list, max_length=50, help_text="Addresses or networks; none = everybody."
    )


class KeyIn(serializers.Serializer[Any]):
    name = Text(required=False, allow_blank=True, default="")
    public_key = Text()


class KeyName(serializers.Serializer[Any]):
    name = Text(required=False, allow_blank=True, default="")


class InstallKey(serializers.Serializer[Any]):
    machines = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=100, help_text="Ids of your machines."
    )
