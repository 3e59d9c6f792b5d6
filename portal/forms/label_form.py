"""The form of labels: which paper, where on a used sheet printing begins, and by how much this printer is off."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nodes.printing import labels

MOST_MM = 15


class MillimetresField(forms.DecimalField):
    """An offset in mm, with a comma or a point; 0 where it stays empty."""

    widget = forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=-MOST_MM, max_value=MOST_MM, decimal_places=1, **kwargs)

    def to_python(self, value: Any) -> Any:
        typed = str(value or "0").strip().replace(",", ".").replace("\u2212", "-")
        return super().to_python(typed.removesuffix("mm").strip())


class LabelForm(forms.Form):
    """Paper, place and offset of labels."""

    paper = forms.ChoiceField(
        label=_("Paper"),
        choices=[
            ("sheet", _("A4 sheet, 24 labels of 70 × 37 mm")),
            ("roll", _("Roll, labels of 50 × 25 mm")),
        ],
        error_messages={"invalid_choice": _("Choose one of these."), "required": _("Choose one of these.")},
    )
    begin = forms.IntegerField(
        label=_("Begin at label"),
        required=False,
        min_value=1,
        max_value=labels.A_SHEET,
        help_text=_("On a used sheet: count row by row from the top left. On a roll it has no meaning."),
    )
    right = MillimetresField(label=_("Move to the right, in mm"))
    down = MillimetresField(
        label=_("Move down, in mm"),
        help_text=_(
            "For a printer that prints beside the labels. Less than 0 moves to the left, or up. Print at 100 %."
        ),
    )

    def printed(self, computers: list[Any]) -> bytes:
        """Return the labels as a PDF, of a form that is valid."""
        right, down = (float(self.cleaned_data[name]) for name in ("right", "down"))
        if self.cleaned_data["paper"] == "roll":
            return labels.roll(computers, right=right, down=down)
        return labels.sheets(computers, begin=self.cleaned_data["begin"] or 1, right=right, down=down)

    @property
    def to_remember(self) -> str:
        """Return what the next labels from this browser begin with, of a form that is valid."""
        return " ".join(str(self.cleaned_data[name]) for name in ("paper", "right", "down"))


def remembered(kept: str) -> dict[str, Any]:
    """Read what `to_remember` wrote; what is not of ours counts for nothing."""
    known = dict(zip(("paper", "right", "down"), kept.split(" "), strict=False))
    form = LabelForm({"paper": "sheet", **known})
    usual = {"paper": "sheet", "begin": 1, "right": 0, "down": 0}
    return {**usual, **{name: form.cleaned_data[name] for name in known}} if form.is_valid() else usual
