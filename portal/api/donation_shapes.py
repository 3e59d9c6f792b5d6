"""The shapes of donations and given computers in the API."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts import emails
from accounts.models import Donor, User
from accounts.person_names import clean_email
from lib.names import BadName, clean_name
from lib.notes import Refusal
from nodes import actions, computer_numbers, donor_actions, fact_bounds
from nodes.donation_states import OF_COMPUTERS, state_of
from nodes.models import Computer, Donation, StateChange
from nodes.states import STEPS, Reason, State, Uncertified
from nodes.subscriptions import plans
from portal.api import serializers as s
from portal.api.inputs import Decimals, Text, Whole

STATES, KINDS = State.values, Computer.Kind.values
DONATION_STATES = [state.value for state in OF_COMPUTERS]
# In which step alone a field counts.
ONLY_IN = {"reason": "decline", "kg": "receive", "used_for": "use_for_parts", "disks": "wipe"}
STATE_HELP = (
    "open: a computer waits for a decision or to be brought. received: what was accepted is here and being prepared. in_service: all is "
    "prepared, and at least one carries machines. done: none is in use any more. declined: none was accepted."
)


# ---- what is sent ----


class Line(Text):
    """A text of one line, in the form in which names are stored."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return clean_name(text, longest=self.max_length or 100) if text.strip() else ""
        except BadName as refusal:
            raise ValidationError(str(refusal)) from None


class Email(serializers.EmailField):
    """An address to which a mail can be sent, by the rule of all forms."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return clean_email(str(super().to_internal_value(data)))
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None


class OfferedIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    model = Line(required=False, allow_blank=True, default="", max_length=100, help_text="Maker and model.")
    cpu = Line(required=False, allow_blank=True, default="", max_length=100, help_text="The processor's name.")
    bits = Whole(
        required=False, allow_null=True, default=None, help_text="Of the processor: 32 or 64. null, as in all that follow: not known."
    )  # fmt: skip
    ram_mb = Whole(required=False, allow_null=True, default=None, help_text="MiB")
    disk_gb = Whole(required=False, allow_null=True, default=None, help_text="GB. 0: it has none.")
    nic_mbit = Whole(required=False, allow_null=True, default=None, help_text="Mbit/s")
    year = Whole(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what no computer is: nodes.fact_bounds."""
        found = {field: fact_bounds.why_impossible(field, value) for field, value in attrs.items()}
        if errors := {field: str(note) for field, note in found.items() if note}:
            raise ValidationError(errors)
        return attrs


class DonationIn(serializers.Serializer[Any]):
    """An offer. With the context `who`, the person who is signed in, name and address may be left out."""

    name = Line(
        required=False, default="", max_length=120, help_text="Of a person. Needed without an account; with one: yours."
    )
    email = Email(
        required=False, default="", max_length=254, help_text="Likewise. The link to the donation goes there."
    )
    organisation = Line(required=False, allow_blank=True, default="", max_length=120)
    handover = serializers.ChoiceField(
        Donation.Handover.values, help_text="Whether you bring it or it is to be fetched."
    )
    message = Text(required=False, allow_blank=True, default="", max_length=500)
    computers = OfferedIn(many=True, allow_empty=True, max_length=actions.MOST_COMPUTERS)  # type: ignore[call-arg]

    def to_internal_value(self, data: Any) -> Any:
        """Number the computers in what is wrong with them: computers.1.kind is the second one's."""
        try:
            return super().to_internal_value(data)
        except ValidationError as error:
            found = error.detail.get("computers") if isinstance(error.detail, dict) else None
            if isinstance(found, list) and any(isinstance(each, dict) for each in found):
                error.detail["computers"] = {str(at): each for at, each in enumerate(found) if each}  # type: ignore[call-overload]
            raise

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        who: User | None = self.context["who"]
        if who is not None:
            attrs["name"] = attrs["name"] or donor_actions.name_of(who)
            attrs["email"] = attrs["email"] or emails.proven(who)
        errors = {name: self.fields[name].error_messages["required"] for name in ("name", "email") if not attrs[name]}
        if errors:
            raise ValidationError(errors)
        return attrs


class StepIn(serializers.Serializer[Any]):
    step = serializers.ChoiceField(list(STEPS))
    from_state = serializers.ChoiceField(
        STATES, required=False, default=None, help_text="The state from which the step starts, as you saw it: out_of_order where it is another by now."
    )  # fmt: skip
    computer = Text(
        required=False, allow_blank=True, default="", max_length=40, help_text="The number of one. Left out: all that were not declined."
    )  # fmt: skip
    note = Text(required=False, allow_blank=True, default="", max_length=500, help_text="For staff.")
    reason = serializers.ChoiceField(
        Reason.values, required=False, default="", help_text="Of “decline”, which needs one."
    )
    kg = Decimals(
        required=False, allow_null=True, default=None, max_digits=6, decimal_places=3, min_value=Decimal("0.1"), max_value=500, coerce_to_string=False,
        help_text="What each weighs, with “receive”.",
    )  # fmt: skip
    disks = serializers.ChoiceField(
        Uncertified.values, required=False, default="",
        help_text="With “wipe”, where no certificate of its disks is valid: whether it has none. Left out: they were wiped without one.",
    )  # fmt: skip
    used_for = Text(
        required=False, allow_blank=True, default="", max_length=40,
        help_text="With “use_for_parts”: the number of the computer that gets them.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what the step would not use."""
        text = _("This belongs to the step “%(step)s” only.")
        errors = {
            name: text % {"step": step}
            for name, step in ONLY_IN.items()
            if attrs["step"] != step and attrs[name] not in ("", None)
        }
        if errors:
            raise ValidationError(errors)
        return attrs


class ConfirmIn(serializers.Serializer[Any]):
    right = serializers.BooleanField(help_text="Whether the list of what was received is right.")
    note = Text(
        required=False, allow_blank=True, default="", max_length=500, help_text="If not: what is missing or too much."
    )


# ---- what is answered ----


class Why(serializers.CharField):
    """Each reason why a computer was declined, in words; '' where it was not."""

    def get_attribute(self, instance: Computer) -> str:
        return instance.reasons


class OfferedComputerOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    why = Why(help_text="Why it cannot be used, in words; '' where it can.")


class OfferedOut(serializers.Serializer[Any]):
    number = serializers.CharField(help_text="MNG-D-0041")
    state = serializers.SerializerMethodField(help_text=STATE_HELP)
    computers = OfferedComputerOut(many=True, source="computers.all")

    @extend_schema_field(serializers.ChoiceField(DONATION_STATES, help_text=STATE_HELP))
    def get_state(self, donation: Donation) -> str:
        return state_of(donation.computers.all())


class MadeOut(OfferedOut):
    """The answer to an offer."""

    months = serializers.SerializerMethodField(
        help_text="How long the subscription of a computer would be, if it is accepted: the longest of them; 0 for none. It starts once "
        "the computer has come and you have an account; those of several computers add up."
    )

    def get_months(self, donation: Donation) -> int:
        ways, offered = plans.enabled(), [each for each in donation.computers.all() if each.state != State.DECLINED]
        found = [plans.plan_for(plans.worth_of(each), ways) for each in offered]
        return max((plan.months for plan in found if plan), default=0)


class GivenComputerOut(serializers.Serializer[Any]):
    number = serializers.CharField(help_text="As it stands on the label: MNG-00127-4.")
    donation = serializers.CharField(source="donation.number")
    kind = serializers.ChoiceField(KINDS)
    model = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    since = serializers.DateTimeField(source="state_since", help_text="Of the state.")
    kg = serializers.SerializerMethodField(help_text="null: it was not weighed.")
    reason = serializers.CharField(help_text=f"Why it was declined: {' '.join(Reason.values)}; '' where it was not.")
    why = Why(help_text="The same in words.")
    certificate = serializers.SerializerMethodField(
        help_text="The number of the newest certificate of its wiped disks that is valid: WPC-00012-3; '' for none. Anybody checks it at /w/WPC-00012-3/."
    )

    def get_certificate(self, computer: Computer) -> str:
        valid = [each for each in computer.certificates.all() if each.is_valid]
        return valid[-1].number if valid else ""

    def get_kg(self, computer: Computer) -> float | None:
        return None if computer.grams is None else computer.grams / 1000


class ComputerFactsOut(GivenComputerOut):
    cpu = serializers.CharField()
    bits = serializers.IntegerField(allow_null=True, help_text="null, here and in what follows: not known.")
    ram_mb = serializers.IntegerField(allow_null=True, help_text="MiB")
    disk_gb = serializers.IntegerField(allow_null=True, help_text="GB")
    nic_mbit = serializers.IntegerField(allow_null=True, help_text="Mbit/s")
    year = serializers.IntegerField(allow_null=True)
    used_for = serializers.SerializerMethodField(
        help_text="The number of the computer that got its parts; '' for none."
    )

    def get_used_for(self, computer: Computer) -> str:
        return computer_numbers.written(computer.used_for_id) if computer.used_for_id else ""


class DonorOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    organisation = serializers.CharField()
    email = serializers.SerializerMethodField(help_text="'' where it was erased.")
    username = s.PersonName(source="user", help_text="Of their account; '' where they have none.")

    def get_email(self, donor: Donor) -> str:
        return "" if donor.erased_at else donor.email


class DonationOut(OfferedOut):
    donor = DonorOut()
    handover = serializers.ChoiceField(Donation.Handover.values)
    message = serializers.CharField(help_text="The donor's.")
    offered_at = serializers.DateTimeField()
    to_confirm = serializers.SerializerMethodField(
        help_text="All that was accepted is here: the donor can confirm the list."
    )
    confirmed = serializers.CharField(
        help_text="What the donor says of the list of what was received: yes, no; '' for nothing yet."
    )
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirm_note = serializers.CharField(help_text="What is missing or too much.")
    computers = ComputerFactsOut(many=True, source="computers.all")  # type: ignore[assignment]

    def get_to_confirm(self, donation: Donation) -> bool:
        return actions.is_to_confirm(donation.computers.all())


class DonationEventOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    computer = serializers.CharField(source="computer.number")
    from_state = serializers.CharField(help_text="'': it was offered.")
    to_state = serializers.ChoiceField(STATES)
    reason = serializers.CharField(help_text="Of a decline.")
    undoes = serializers.SerializerMethodField(help_text="It took back the step before.")
    batch = serializers.SerializerMethodField(
        help_text="Of the step, to take it back. For administrators; '' for others, as below."
    )
    by = serializers.SerializerMethodField(help_text="A username; '' where no person did it.")
    note = serializers.SerializerMethodField()

    def get_undoes(self, change: StateChange) -> bool:
        return change.undoes_id is not None

    def get_batch(self, change: StateChange) -> str:
        return str(change.batch) if self.context["for_staff"] else ""

    def get_by(self, change: StateChange) -> str:
        return change.by.username if self.context["for_staff"] and change.by else ""

    def get_note(self, change: StateChange) -> str:
        return change.note if self.context["for_staff"] else ""


class DonationDetailOut(DonationOut):
    events = DonationEventOut(many=True, help_text="Newest first.")
