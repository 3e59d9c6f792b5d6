"""The form by which anybody offers computers: one small form for each computer, and one for who offers them.

Each computer's fields begin with c and its number in the form. Buttons add and remove computers by sending the whole form: nothing typed is lost.
"""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.person_names import clean_email
from lib.measures import UNBROKEN, memory
from lib.notes import Refusal
from nodes import fact_bounds, specs
from nodes.actions import MOST_COMPUTERS, Offered
from nodes.models import Computer, Donation
from nodes.states import Reason, where_it_helps
from nodes.subscriptions import plans
from nodes.subscriptions.plan_words import brings
from portal.forms.donation_fields import FactField, Lines, OneLine, Whole
from portal.forms.offer_photos import OfferPhotos

MEMORIES = (512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 65536, 131072)
NETWORKS = ((10, "10 Mbit/s"), (100, "100 Mbit/s"), (1000, "1 Gbit/s"), (10000, "10 Gbit/s"))
HONEYPOT = "website"  # people do not see this field; a robot fills it in
_NUMBER = re.compile(r"[0-9]{1,3}")
_NOT_KNOWN = ("", _("I don't know"))


def _memories() -> list[tuple[Any, Any]]:
    least, *others, most = MEMORIES
    few = gettext("%(amount)s or less") % {"amount": memory(least)}
    many = gettext("%(amount)s or more") % {"amount": memory(most)}
    return [_NOT_KNOWN, (least, few), *((mb, memory(mb)) for mb in others), (most, many)]


def _networks() -> list[tuple[Any, Any]]:
    least, *others = [(mbit, name.replace(" ", UNBROKEN)) for mbit, name in NETWORKS]
    return [_NOT_KNOWN, (least[0], gettext("%(amount)s or less") % {"amount": least[1]}), *others]


def _choice(label: Any, choices: Any, **more: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=choices, required=False, coerce=int, empty_value=None,
        error_messages={"invalid_choice": _("Choose one of the list.")}, **more,
    )  # fmt: skip


class ComputerForm(forms.Form):
    """A computer, as its donor describes it. Only its kind is asked for in any case."""

    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=Computer.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what it is."), "invalid_choice": _("Choose what it is.")},
    )
    model = OneLine(label=_("Maker and model"), max_length=fact_bounds.WORDS["model"], required=False)
    year = FactField("year", label=_("Year, more or less"))
    cpu = OneLine(
        label=_("Processor"), max_length=fact_bounds.WORDS["cpu"], required=False,
        help_text=_("For example: Core 2 Duo E8400"),
    )  # fmt: skip
    bits = _choice(_("64 or 32 bits"), [_NOT_KNOWN, (64, "64"), (32, "32")])
    ram_mb = _choice(_("Memory"), _memories)
    disk_gb = FactField("disk_gb", label=_("Disk, in GB"), help_text=_("1 TB is 1000. None: 0."))
    nic_mbit = _choice(_("Network by cable"), _networks)
    count = Whole(label=_("How many of these"), min_value=1, max_value=MOST_COMPUTERS, required=False, initial=1)

    is_checked = False  # whether the donor reads the answer beside it
    is_new = False  # added by this press: it takes the focus

    use_required_attribute = False  # the faults of all fields are read at once

    def __init__(self, data: QueryDict | None = None, *, number: int, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, prefix=f"c{number}", initial=initial)
        self.number = number

    def clean_count(self) -> int:
        return self.cleaned_data["count"] or 1

    @property
    def offered(self) -> Offered:
        """Return the computer of a valid form."""
        return Offered(**{name: value for name, value in self.cleaned_data.items() if name != "count"})

    @property
    def reason(self) -> Reason | None:
        """Return why the computer of a valid form cannot help, or None."""
        return self.offered.why_not

    @property
    def reasons(self) -> str:
        """Return each reason why the computer of a valid form cannot help, in sentences."""
        return " ".join(str(reason.label) for reason in specs.all_why_not(self.offered.facts))

    @property
    def where_it_helps(self) -> str:
        return where_it_helps(self.reason) if self.reason else ""

    @cached_property
    def brings(self) -> str:
        """Say what the computer of a valid form would bring its donor: “12 months, 1 machine”; '' where no plan fits what is known."""
        facts = plans.Worth(self.offered.kind, self.offered.bits, self.offered.ram_mb)
        plan = None if self.reason else plans.plan_for(facts, plans.enabled())
        return brings(plan) if plan else ""

    @property
    def is_all_known(self) -> bool:
        """Say whether the donor knows all by which a computer is judged. Bits that the processor's name contradicts are not known."""
        facts = self.offered.facts
        return None not in (facts.bits, facts.ram_mb, facts.nic_mbit) and not specs.knows_32_bits_only(facts.cpu)


class WhoForm(forms.Form):
    """The person who offers, and how the computers come to us."""

    name = OneLine(
        label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("We mail you a link to follow your donation. You need no account."),
        widget=forms.EmailInput({"autocomplete": "email", "autocapitalize": "off", "spellcheck": "false"}),
    )
    organisation = OneLine(
        label=_("Company or school, if it is theirs"), max_length=120, required=False,
        widget=forms.TextInput({"autocomplete": "organization"}),
    )  # fmt: skip
    handover = forms.ChoiceField(
        label=_("How does it come to us?"),
        choices=Donation.Handover.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two."), "invalid_choice": _("Choose one of the two.")},
    )
    message = Lines(
        label=_("What else we should know"),
        max_length=500,
        required=False,
        help_text=_("Where it is, when you have time, what does not work."),
    )

    use_required_attribute = False

    def __init__(
        self, data: QueryDict | None = None, *, without: tuple[str, ...], initial: dict[str, str] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        for name in without:
            del self.fields[name]

    def clean_email(self) -> str:
        try:
            return clean_email(self.cleaned_data["email"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None


class OfferForm:
    """The whole form. `press`: the button: check, offer, add, remove with the number of a computer, or drop with a photo."""

    def __init__(
        self, data: QueryDict | None = None, *, without: tuple[str, ...] = (), known: Mapping[str, str] | None = None
    ) -> None:
        self.data, self.without, self.known = data, without, known or {}
        self._typed: Mapping[str, str] = data.dict() if data is not None else {}  # type: ignore[assignment]  # no lists
        self.numbers = _numbers(data) if data is not None else [0]
        self.photos = OfferPhotos(data)
        self.refusals: list[str] = []
        self.is_validated = False
        self.added: int | None = None

    @property
    def press(self) -> str:
        """Return the name of the pressed button; without one (the Enter key) it is checked."""
        return next((name for name in ("drop", "add", "remove", "offer") if name in self._typed), "check")

    def add(self) -> None:
        """Add an empty computer, where there is room for one more."""
        if len(self.numbers) >= MOST_COMPUTERS:
            self.refusals.append(self._too_many())
            return
        self.added = max(self.numbers, default=-1) + 1
        self.numbers.append(self.added)

    def remove(self) -> None:
        """Leave the chosen computer out; the last one stays."""
        chosen = self._typed.get("remove", "")
        if len(self.numbers) > 1:
            self.numbers = [number for number in self.numbers if str(number) != chosen]

    @cached_property
    def computers(self) -> list[ComputerForm]:
        """Return a form for each computer; after add and remove without a look at what is typed so far."""
        return [self._computer(number) for number in self.numbers]

    def _computer(self, number: int) -> ComputerForm:
        if self.is_validated:
            return ComputerForm(self.data, number=number)
        form = ComputerForm(initial=self._of(ComputerForm, f"c{number}-"), number=number)
        form.is_new = number == self.added
        return form

    def _of(self, form: type[forms.Form], prefix: str) -> dict[str, str]:
        """Return what is typed in the fields of a form."""
        return {name: self._typed[prefix + name] for name in form.base_fields if prefix + name in self._typed}

    @cached_property
    def who(self) -> WhoForm | None:
        """Return the form of who offers; None before the first check: whoever only asks need not say who they are."""
        if not self.asks_who:
            return None
        if self.is_validated and self.press == "offer":
            return WhoForm(self.data, without=self.without)
        return WhoForm(initial={**self.known, **self._of(WhoForm, "")}, without=self.without)

    @property
    def asks_who(self) -> bool:
        return self.is_checked or "who" in self._typed

    def check(self) -> bool:
        """Look at the computers, and return whether each is described well enough for an answer."""
        self.is_validated = True
        for form in self.computers:
            form.is_checked = form.is_valid()
        if self.is_checked and self.total > MOST_COMPUTERS:
            most = max(self.computers, key=lambda form: form.cleaned_data["count"])
            most.add_error("count", self._too_many())
            most.is_checked = False
        return self.is_checked

    @staticmethod
    def _too_many() -> str:
        text = gettext("At most %(most)s computers at a time. Offer the others afterwards.")
        return text % {"most": MOST_COMPUTERS}

    @property
    def is_checked(self) -> bool:
        """Say whether the donor reads an answer beside each computer, and may offer them."""
        return self.is_validated and all(form.is_checked for form in self.computers)

    @property
    def answers(self) -> str:
        """Return what the donor reads beside the computers, in one word: an offer is taken only by who has read it."""
        return ",".join(form.reason or "helps" for form in self.computers) if self.is_checked else ""

    @property
    def has_read_answers(self) -> bool:
        return self._typed.get("answers", "") == self.answers

    @property
    def useful(self) -> int:
        """Count the computers of a checked form that can help."""
        return sum(form.cleaned_data["count"] for form in self.computers if not form.reason)

    @property
    def verdict(self) -> str:
        """Say of a checked form in a few words whether its computers help."""
        if self.total > 1:
            return gettext("%(useful)s of %(total)s can help") % {"useful": self.useful, "total": self.total}
        if not self.useful:
            return gettext("It cannot carry machines")
        return gettext("It helps") if self.computers[0].is_all_known else gettext("It may help")

    @property
    def total(self) -> int:
        """Count the computers of a checked form."""
        return sum(form.cleaned_data["count"] for form in self.computers)

    @property
    def offered(self) -> list[Offered]:
        """Return the computers of a checked form, each as often as there are such."""
        return [form.offered for form in self.computers for _each in range(form.cleaned_data["count"])]

    @property
    def may_add(self) -> bool:
        return len(self.numbers) < MOST_COMPUTERS


def _numbers(data: QueryDict) -> list[int]:
    typed = [int(text) for text in data.getlist("computer")[: 2 * MOST_COMPUTERS] if _NUMBER.fullmatch(text)]
    return list(dict.fromkeys(typed))[:MOST_COMPUTERS] or [0]
