"""The shapes of subscriptions in the API."""

from typing import Any

from rest_framework import serializers

from accounts.models import Subscription
from accounts.subscriptions.standing import Standing
from lib.measures import MEASURES
from nodes.subscriptions.days import MOST_DAYS
from portal.api import serializers as s
from portal.api.inputs import Text

STANDINGS = Standing.values
_ABOUT_USED = (
    "Of all that its holder has, not of this one alone: subscriptions add up. 0 where there is no account yet."
)


class ShareIn(serializers.Serializer[Any]):
    share = serializers.FloatField(
        help_text="More than 0, at most 1: the part of the days left, in whole days, one at least."
    )


class CodeIn(serializers.Serializer[Any]):
    code = Text(max_length=100, help_text="In any case, with or without its dashes.")


class RenewIn(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS)
    note = Text(required=False, allow_blank=True, default="", max_length=200, help_text="For staff.")


class TransferOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Shown once: only a hash is kept.")
    days = serializers.IntegerField(source="row.days")
    expires_at = serializers.DateTimeField(source="row.expires_at", help_text="Unused until then, its days come back.")


class OpenCodeOut(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class SubscriptionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    plan = serializers.CharField(source="shown_title", help_text="As it was called at the promise.")
    state = serializers.SerializerMethodField(
        help_text="promised: it starts once its computer has come and its donor has an account. active. ending: 30 days or less. "
        "grace: over, nothing is deleted yet. ended."
    )
    holder = s.PersonName(help_text="The username of who uses it; '' where its donor has no account yet.")
    starts_at = serializers.DateTimeField(allow_null=True, help_text="null: not yet. The days run from then.")
    ends_at = serializers.DateTimeField(allow_null=True)
    days_left = serializers.SerializerMethodField(help_text="Whole days; all of them before it has started.")
    allowance = serializers.SerializerMethodField(help_text="What it gives of each measure, until ends_at.")
    used = serializers.SerializerMethodField(help_text=_ABOUT_USED)
    computers = serializers.SerializerMethodField(help_text="The number of the computer that earned it; [] by a code.")
    codes = serializers.SerializerMethodField(help_text="Codes by which days were given away, unused so far.")

    def get_state(self, row: Subscription) -> str:
        return row.standing(self.context["now"])

    def get_days_left(self, row: Subscription) -> int:
        return row.days_left(self.context["now"])

    def get_allowance(self, row: Subscription) -> dict[str, int]:
        return {measure: getattr(row.entitlement, measure) for measure in MEASURES}

    def get_used(self, row: Subscription) -> dict[str, int]:
        usage = self.context["usages"].get(row.holder.pk) if row.holder else None
        return {measure: getattr(usage, measure).used if usage else 0 for measure in MEASURES}

    def get_computers(self, row: Subscription) -> list[str]:
        return [row.entitlement.computer.number] if row.entitlement.computer else []

    def get_codes(self, row: Subscription) -> list[dict[str, Any]]:
        open_ones = [code for code in row.codes.all() if code.is_open(self.context["now"])]
        return list(OpenCodeOut(open_ones, many=True).data)


class ClaimedOut(SubscriptionOut):
    was_own = serializers.SerializerMethodField(
        help_text="true: it was your own code. It was withdrawn, and this is the subscription to which its days came back."
    )

    def get_was_own(self, row: Subscription) -> bool:
        return bool(self.context["is_own"])
