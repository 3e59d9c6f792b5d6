"""The form of the account page: one's time zone."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import time_zones


def _zones() -> list[Any]:
    groups = ((_("Common time zones"), time_zones.COMMON), (_("All time zones"), time_zones.others()))
    return [(title, [(name, name) for name in names]) for title, names in groups]


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Times are given in"),
        choices=_zones,
        required=False,
        help_text=_("On pages and in mails."),
        error_messages={"invalid_choice": _("Choose a time zone from the list.")},
        widget=forms.Select(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, browser: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones: Any = self.fields["time_zone"]
        zones.choices = [("", _("As my browser: %(zone)s") % {"zone": browser}), *zones.choices]
