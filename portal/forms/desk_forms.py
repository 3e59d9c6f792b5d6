"""The forms of the desk: the search among computers, what each step asks, and the facts about a computer."""

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lib.measures import kilos, kilos_alone
from lib.notes import Refusal
from nodes import computer_numbers, donation_numbers, fact_bounds, step_checks
from nodes.computer_numbers import MISFIT
from nodes.models import Computer, Donation
from nodes.states import Reason, State, Uncertified
from portal.forms.donation_fields import FactField, Lines, OneLine
from portal.presenters.desk_computers import BITS

_ERRORS = {"invalid_choice": _("Choose one of these.")}
# Digits alone may be a part of a model ("780"); so few of them are a number only where there is such a computer.
_SURELY_A_NUMBER = re.compile(r"mng.*|\d+\s*-\s*\d|\d{6,}", re.IGNORECASE | re.DOTALL | re.ASCII)
_KILOS = re.compile(r"(\d{1,3})(?:[.,](\d{1,3}))?(?:\s*kg)?", re.IGNORECASE | re.ASCII)


# static/js/computer_number.js checks the number while it is typed. Among words only what is surely a number.
CHECKED: dict[str, Any] = {"data-computer-number": _(MISFIT)}


class DeskForm(forms.Form):
    """The search and the filter of the list: both may stay empty."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=150,
        widget=forms.TextInput(
            attrs={
                "aria-describedby": "q-hint",
                "type": "search",
                "autocomplete": "off",
                **CHECKED,
                "data-among": "words",
            }
        ),
    )
    state = forms.ChoiceField(label=_("State"), required=False, error_messages=_ERRORS)

    def __init__(self, data: Any, *, counts: dict[str, int]) -> None:
        super().__init__(data)
        states = [(value, f"{label} ({counts.get(value, 0)})") for value, label in State.choices]
        self.fields["state"].choices = [("", _("All")), *states]  # type: ignore[attr-defined]
        self.found: Computer | Donation | None = None  # whose number was typed

    def clean_q(self) -> str:
        """Find the computer or offer whose number was typed. What may be something else is looked for as a text."""
        typed = str(self.cleaned_data["q"])
        if (offer := donation_numbers.read(typed)) is not None:
            self.found = Donation.objects.filter(pk=offer).first()
            if self.found is None:
                raise forms.ValidationError(gettext("There is no offer with this number."))
        if not typed or self.found:
            return typed
        is_number = _SURELY_A_NUMBER.fullmatch(typed) is not None
        try:
            self.found = Computer.objects.filter(pk=computer_numbers.read(typed)).first()
        except computer_numbers.BadNumber as refusal:
            if is_number:
                raise forms.ValidationError(str(refusal)) from None
        if self.found is None and is_number:
            raise forms.ValidationError(gettext("There is no computer with this number."))
        return typed


class KilosField(forms.CharField):
    """A weight in kg, with a comma or a point, as grams; None where it stays empty."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        typed = str(super().to_python(value)).strip()
        if not typed:
            return None
        found = _KILOS.fullmatch(typed)
        if found is None:
            raise forms.ValidationError(gettext("Write the weight in kg, like 8.4."))
        grams = int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0"))
        if fact_bounds.why_impossible("grams", grams):
            least, most = (kilos(bound) for bound in fact_bounds.BOUNDS["grams"])
            raise forms.ValidationError(gettext("From %(least)s to %(most)s."), params={"least": least, "most": most})
        return grams

    def prepare_value(self, value: Any) -> Any:
        return kilos_alone(value) if isinstance(value, int) else value


class NumberField(forms.CharField):
    """The number of another computer, as that computer; None where it stays empty."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "class": "mono", "autocapitalize": "characters", **CHECKED})

    def to_python(self, value: Any) -> Any:
        typed = str(super().to_python(value)).strip()
        if not typed:
            return None
        try:
            found = Computer.objects.filter(pk=computer_numbers.read(typed)).first()
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None
        if found is None:
            raise forms.ValidationError(gettext("There is no computer with this number."))
        return found


class StepForm(forms.Form):
    """A step that asks for nothing but a note, which may stay empty."""

    note = Lines(
        label=_("Note"),
        max_length=500,
        required=False,
        help_text=_("For staff; the donor does not read it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "note"])

    @property
    def facts(self) -> dict[str, Any]:
        """Return the arguments of nodes.actions.step, of a form that is valid."""
        facts = dict(self.cleaned_data)
        if "weight" in facts:
            facts["grams"] = facts.pop("weight")
        return facts

    @property
    def asked(self) -> list[forms.BoundField]:
        """Return the fields besides the note."""
        return [field for field in self if field.name != "note"]

    @property
    def shows_note(self) -> bool:
        return bool(self["note"].errors or self["note"].value())


class ReceiveForm(StepForm):
    """A computer has come, and may be weighed."""

    weight = KilosField(label=_("Weight in kg"), required=False, help_text=_("It may stay empty."))


class DeclineForm(StepForm):
    """A computer is not accepted, for a reason."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose one")), *Reason.choices],
        help_text=_("The donor reads this sentence."),
        error_messages={
            **_ERRORS,
            "required": _("Say why it is not accepted: the donor reads it."),
        },
    )


class PartsForm(StepForm):
    """A computer is taken apart."""

    used_for = NumberField(
        label=_("Number of the computer that gets them"),
        required=False,
        help_text=_("It may stay empty: the parts are kept for whichever needs them."),
    )


class WipedForm(StepForm):
    """Computers are wiped of whose disks there is no certificate. Nothing is chosen beforehand: one tap must not claim a wipe."""

    disks = forms.ChoiceField(
        label=_("Its disks"), choices=[("", _("Choose one")), *Uncertified.choices],
        help_text=_("No valid certificate says that they are wiped: record them and issue one first, or choose why there is none."),
        error_messages={**_ERRORS, "required": _("Choose why there is no certificate, or issue one first.")},
    )  # fmt: skip
    use_required_attribute = False  # on an offer's page those that are picked may need no answer

    def __init__(self, *args: Any, bare: Collection[Computer], is_one: bool, **kwargs: Any) -> None:
        """Ask about the disks of `bare`, which have no certificate. is_one: the computer's own page asks."""
        has_none = all(computer.disk_gb == 0 for computer in bare)
        super().__init__(*args, initial={"disks": Uncertified.NO_DISK} if has_none else {}, **kwargs)
        if not is_one:
            self.fields["disks"].label = _("Disks without a certificate")
            self.fields["disks"].help_text = _(
                "Issue certificates on the pages of the computers first, or choose why there is none."
            )


_FORMS: dict[str, type[StepForm]] = {"decline": DeclineForm, "use_for_parts": PartsForm}


def step_form(step: str, state: str, data: Any = None, *, rows: Collection[Computer] = ()) -> StepForm:
    """Return the form of a step of these computers. state: of one computer, '' of several. What comes for the first time is weighed."""
    if (step, state) == ("receive", State.ACCEPTED):
        weights = [row.grams for row in rows]  # known of one that was imported
        return ReceiveForm(data, auto_id=f"{step}_%s", initial={"weight": weights[0]} if len(weights) == 1 else None)
    if step == "wipe" and (why := step_checks.uncertified(rows, State.WIPED, "")):
        bare = [row for row in rows if row.pk in why]
        return WipedForm(data, auto_id=f"{step}_%s", bare=bare, is_one=bool(state))
    return _FORMS.get(step, StepForm)(data, auto_id=f"{step}_%s")


class FactsForm(forms.Form):
    """The facts about a computer, as nodes.actions.correct takes them. What is not known stays empty."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Computer.Kind.choices, error_messages=_ERRORS)
    model = OneLine(label=_("Maker and model"), max_length=fact_bounds.WORDS["model"], required=False)
    cpu = OneLine(label=_("Processor"), max_length=fact_bounds.WORDS["cpu"], required=False)
    bits = forms.TypedChoiceField(
        label=_("32 or 64 bits"),
        choices=[("", _("Not known")), *BITS.items()],
        coerce=int,
        empty_value=None,
        required=False,
        error_messages=_ERRORS,
    )
    ram_mb = FactField("ram_mb", label=_("Memory in MB"), help_text=_("1 GB is 1024 MB."))
    disk_gb = FactField("disk_gb", label=_("Disk in GB"))
    nic_mbit = FactField("nic_mbit", label=_("Network card in Mbit/s"))
    year = FactField("year", label=_("Year"))
    grams = KilosField(label=_("Weight in kg"), required=False)
