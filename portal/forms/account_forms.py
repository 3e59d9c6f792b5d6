"""The form of the account page: one's time zone."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import time_zones


def _zones() -> list[Any]:
    site = format_lazy(_("As my browser; until it has said, as the site: {zone}"), zone=settings.TIME_ZONE)
    groups = ((_("Common time zones"), time_zones.COMMON), (_("All time zones"), time_zones.others()))
    return [("", site), *((title, [(name, name) for name in names]) for title, names in groups)]


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Times are given in"),
        choices=_zones,
        required=False,
        help_text=_("On pages and in mails."),
        error_messages={"invalid_choice": _("Choose a time zone from the list.")},
        widget=forms.Select(attrs={"data-suggest-zone": "#zone-suggested", "autocomplete": "off"}),
    )
