"""The forms of the desk about disks: what was done to one, and why a certificate is withdrawn."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nodes.computer_numbers import MISFIT, BadNumber
from nodes.models import Computer, DiskWipe
from nodes.wiping import disk_checks, disk_words, disks
from nodes.wiping.certificate_numbers import CERTIFICATES
from nodes.wiping.media import Media, Method, Result, Technique, Verification
from portal.forms.donation_fields import FactField, Lines, OneLine, Whole
from portal.forms.minute_field import MinuteField

_CHOOSE = {"invalid_choice": _("Choose one of these."), "required": _("Choose one of these.")}
_SAME_AGAIN = ("computer_serial", "tool", "tool_version", "second_person", "validation", "verification")
_TIMES = {"started_at", "ended_at"}
# A rule is told only where what it is about was understood.
_ABOUT: dict[str, set[str]] = {
    "technique": {"media", "technique"},
    "method": {"media", "technique", "method"},
    "own_technique": {"technique", "own_technique"},
    "tool": {"tool", "method"},
    "result": {"result", "method"},
    "verification": {"verification", "method", "result"},
    "started_at": _TIMES,
    "ended_at": _TIMES,
}


_method_words = lazy(disk_words.method_words, str)


def _choice(label: Any, choices: Iterable[Any], **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=[("", _("Choose one")), *choices], error_messages=_CHOOSE, **kwargs
    )  # fmt: skip


class WipeForm(forms.Form):
    """A wiped disk, by the names of nodes.wiping.disks.FIELDS."""

    media = _choice(_("Kind of disk"), Media.choices)  # type: ignore[assignment]  # Django asks for style sheets under this name; we have none
    serial = OneLine(
        label=_("Serial number of the disk"), max_length=60, help_text=_("As it is printed on it, or as the tool reads it.")
    )  # fmt: skip
    size_gb = FactField("disk_gb", label=_("Size in GB"))
    technique = _choice(_("What was done"), Technique.choices, help_text=_("By IEEE 2883, or your own way."))
    own_technique = OneLine(label=_("Your own way, in words"), max_length=200, required=False)
    method = _choice(
        _("Method"), [(each.value, _method_words(each)) for each in Method],
        help_text=_("By NIST SP 800-88 Rev 2. Not more than the disk allows: then you read why.")
    )  # fmt: skip
    tool = OneLine(label=_("Program"), max_length=60, required=False)
    tool_version = OneLine(label=_("Its version"), max_length=30, required=False)
    started_at = MinuteField(label=pgettext_lazy("wipe", "Start"), required_words=_("Say when it started."))
    ended_at = MinuteField(label=pgettext_lazy("wipe", "End"), required_words=_("Say when it ended."))
    result = _choice(_("Result"), Result.choices)
    retries = Whole(
        label=_("Retries"), required=False, min_value=0, max_value=1_000_000_000, help_text=_("As counted by the program, if it says so. Only staff see it."),
    )  # fmt: skip
    verification = _choice(_("How it was verified"), Verification.choices, required=False)
    validation = OneLine(
        label=_("How the result was judged"), max_length=300, required=False, help_text=_("Like: compared with the tool's log.")
    )  # fmt: skip
    second_person = OneLine(
        label=_("Second person"), max_length=120, required=False, help_text=_("Who looked at it besides you. It is printed.")
    )  # fmt: skip
    computer_serial = OneLine(label=_("Serial number of the computer"), max_length=60, required=False)

    def __init__(self, *args: Any, row: DiskWipe, **kwargs: Any) -> None:
        """row: the record that is changed, or a new one of a computer, with the name of whoever did it."""
        super().__init__(*args, **{"auto_id": "disk_%s", **kwargs})
        self.row = row
        for name in _TIMES if row.pk else ():
            self.fields[name].known = getattr(row, name)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Hold it against the rules of nodes.wiping, all at once."""
        facts = {**_placeholders(), **self.cleaned_data}
        row = DiskWipe(pk=self.row.pk, computer=self.row.computer, operator_name=self.row.operator_name, **facts)
        found = disk_checks.faults(row, disks.counting(self.row.computer), timezone.now())
        for field, note in found.items():
            if not _ABOUT.get(field, {field}) & set(self.errors):
                self.add_error(field, str(note))
        return self.cleaned_data

    @property
    def halves(self) -> list[list[forms.BoundField]]:
        """Return the fields in groups of which two stand side by side."""
        pairs = [
            ("media", "size_gb"), ("serial", "computer_serial"), ("technique", "method"), ("own_technique",), ("tool", "tool_version"),
            ("started_at",), ("ended_at",), ("result", "retries"), ("verification",), ("validation",), ("second_person",),
        ]  # fmt: skip
        return [[self[name] for name in names] for names in pairs]


def _placeholders() -> dict[str, Any]:
    """Return what stands in for a field that was not understood."""
    now = timezone.now()
    usual = {"media": Media.MAGNETIC, "technique": Technique.OWN, "method": Method.CLEAR, "result": Result.FAILED}
    numbers = {"size_gb": None, "retries": None}
    return {**dict.fromkeys(disks.FIELDS, ""), **numbers, "started_at": now, "ended_at": now, **usual}


def known(row: DiskWipe) -> dict[str, Any]:
    """Return what the form of a record shows."""
    facts = {name: getattr(row, name) for name in disks.FIELDS}
    return {**facts, **{name: timezone.localtime(facts[name]) for name in _TIMES}}


def likely(computer: Computer) -> dict[str, Any]:
    """Return what the form of a new record shows: what is the same as for the disk before."""
    last = computer.disk_wipes.order_by("-pk").first()
    if last is None:
        return {"size_gb": computer.disk_gb or None, "result": Result.PASSED}
    return {"result": Result.PASSED, **{name: getattr(last, name) for name in _SAME_AGAIN}}


class WithdrawForm(forms.Form):
    """The reason why a certificate no longer holds, and whether its disks are recorded anew."""

    reason = Lines(
        label=_("Reason"), max_length=300, help_text=_("For staff. Whoever checks the number reads only that it was withdrawn."),
        error_messages={"required": _("Say why it is withdrawn: whoever has the paper may ask.")},
    )  # fmt: skip
    again = forms.BooleanField(
        label=_("Record its disks anew, to correct them"), required=False, initial=True,
        help_text=_("They stand on the computer's page, with their evidence, until you issue another certificate."),
    )  # fmt: skip


class SerialForm(forms.Form):
    """A serial number, as it stands on a certificate or on a disk."""

    serial = OneLine(
        label=_("Serial number of the disk"), max_length=60, help_text=_("As it stands on the paper, or on the disk."),
        error_messages={"required": _("Type the serial number that you want to check.")},
    )  # fmt: skip


class CertificateNumberForm(forms.Form):
    """The number of a certificate, with its check digit, as it stands on paper."""

    number = OneLine(
        label=_("Number of the certificate"), max_length=150, help_text=_("At the top of the paper: WPC-00012-3."),
        error_messages={"required": _("Type the number that stands on the paper.")},
        widget=forms.TextInput(attrs={
            "class": "mono", "autocomplete": "off", "autocapitalize": "characters", "data-letters": CERTIFICATES.letters,
            "data-computer-number": _(MISFIT),
        }),
    )  # fmt: skip
    use_required_attribute = False

    def clean_number(self) -> str:
        """Return the number as it is written."""
        try:
            return CERTIFICATES.written(CERTIFICATES.read(self.cleaned_data["number"]))
        except BadNumber as refusal:
            raise forms.ValidationError(str(refusal)) from None
