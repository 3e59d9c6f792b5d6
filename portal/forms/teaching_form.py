"""The filters of a teacher's list of machines."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Template
from portal.presenters.taught_machines import GROUPS


class TeachingForm(forms.Form):
    """The filters: all may stay empty."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"aria-describedby": "q-hint", "type": "search"}),
    )
    template = forms.ChoiceField(
        label=_("Template"), required=False, error_messages={"invalid_choice": _("Choose one of these.")}
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), *GROUPS.items()],
        error_messages={"invalid_choice": _("Choose one of these.")},
    )

    def __init__(self, data: Any, templates: Iterable[Template]) -> None:
        super().__init__(data)
        choices = [("", _("All templates")), *((row.slug, row.title) for row in templates)]
        self.fields["template"].choices = choices  # type: ignore[attr-defined]

    @property
    def filters(self) -> dict[str, str]:
        """Return the filters of a form that is valid, as `found` takes them."""
        facts = self.cleaned_data
        return {"text": facts["q"], "template": facts["template"], "group": facts["state"]}
