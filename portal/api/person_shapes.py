"""The shapes of people in the API, for administrators."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from portal.api import serializers as s
from portal.api.inputs import Text
from portal.api.quota_requests import Amounts
from portal.presenters.listed_people import ListedPerson
from quotas.models import Grant

ROLES = User.Role.values


def roles_field(**options: Any) -> Any:
    return serializers.ListField(child=serializers.ChoiceField(ROLES), min_length=1, max_length=len(ROLES), **options)


class PersonIn(serializers.Serializer[Any]):
    username = Text(max_length=150)
    name = Text(required=False, allow_blank=True, default="", max_length=200)
    email = Text(required=False, allow_blank=True, default="", max_length=254)
    roles = roles_field(default=["student"])
    invite = serializers.BooleanField(default=False, help_text="true: mail a link to choose a password.")


class PersonChanges(serializers.Serializer[Any]):
    roles = roles_field(required=False)
    blocked = serializers.BooleanField(required=False)


class ImportIn(serializers.Serializer[Any]):
    csv = Text(max_length=1_000_000, help_text="The lines of the list, at most 5,000.")
    dry_run = serializers.BooleanField(default=True, help_text="true: only say what each line would do.")
    invite = serializers.BooleanField(default=True, help_text="Mail each new person a link to choose a password.")


class GrantIn(serializers.Serializer[Any]):
    amounts = Amounts()
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null: now.")
    ends_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null: no end.")
    reason = Text(max_length=200)


class PersonOut(serializers.Serializer[Any]):
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.get_full_name")
    email = serializers.CharField(source="user.email")
    roles = serializers.SerializerMethodField()
    blocked = serializers.SerializerMethodField()
    last_sign_in = serializers.DateTimeField(source="user.last_login", allow_null=True)
    machines = serializers.IntegerField()
    quota = s.Quota(source="usage")

    def get_roles(self, person: ListedPerson) -> list[str]:
        return person.user.held_roles

    def get_blocked(self, person: ListedPerson) -> bool:
        return not person.user.is_active


class ImportedLine(serializers.Serializer[Any]):
    line = serializers.IntegerField(source="line.number")
    status = serializers.ChoiceField(["new", "known", "bad"])
    username = serializers.CharField(source="shown_username", help_text="Of a bad line, the one that was read.")
    name = serializers.CharField()
    email = serializers.CharField(source="line.email")
    why = serializers.CharField(help_text="Why a line is bad; '' for the others.")


class GrantOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="row.pk")
    source = serializers.ChoiceField(Grant.Source.values, source="row.source")  # type: ignore[assignment]  # DRF's own name
    amounts = serializers.DictField(child=serializers.IntegerField())
    starts_at = serializers.DateTimeField(source="row.starts_at")
    ends_at = serializers.DateTimeField(source="row.ends_at", allow_null=True)
    reason = serializers.CharField(source="row.reason")
    given_by = s.PersonName(source="row.given_by", help_text="'' for a command on the server.")
