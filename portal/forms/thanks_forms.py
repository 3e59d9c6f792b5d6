"""Forms of the wall of thanks: how a donor wishes to stand there, and why staff take words off."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.notes import Refusal
from nodes.thanks.wall_text import LONGEST, clean_text
from portal.forms.donation_fields import OneLine


class ThanksForm(forms.Form):
    """A donor's choice. Words are shown to them before they stand anywhere."""

    shown = forms.ChoiceField(
        label=_("On the wall of thanks"),
        choices=[("no", _("Not there")), ("anonymous", _("Anonymous")), ("text", _("With these words"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the three."), "invalid_choice": _("Choose one of the three.")},
    )
    text = forms.CharField(
        label=_("Your words"), required=False, strip=False,
        widget=forms.TextInput({"autocomplete": "off", "maxlength": str(LONGEST)}),
        help_text=_("A name, or a sentence of at most 80 characters, without addresses. Nobody sees it before you have agreed."),
    )  # fmt: skip

    use_required_attribute = False
    status = 400

    def clean(self) -> dict[str, Any]:
        facts = dict(self.cleaned_data)
        if facts.get("shown") != "text":
            return {**facts, "text": ""}
        if not facts.get("text", "").strip():
            self.add_error("text", _("Write the words that should stand there."))
            return facts
        try:
            facts["text"] = clean_text(facts["text"])
        except Refusal as refusal:
            self.refuse(refusal)
        return facts

    def refuse(self, refusal: Refusal) -> None:
        self.status = refusal.status
        self.add_error("text", str(refusal))


class TakeOffForm(forms.Form):
    """The reason why words are taken off. `text`: those that the page showed."""

    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    reason = OneLine(
        label=_("Reason"), max_length=200, help_text=_("The donor reads it."),
        error_messages={"required": _("Say why: the donor reads it.")},
    )  # fmt: skip

    use_required_attribute = False
