"""The forms about people: who they are, which roles they have, what they are given, how a list of them is searched."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts import password_links
from accounts.models import User
from accounts.people_search import PeopleFilters
from lib.measures import MEASURES, MOST_TYPED, Size
from portal.forms.digits_field import DigitsField
from quotas.actions import LABELS
from quotas.requests_for_more import LAST_MINUTE, LONGEST
from quotas.sentences import UNITS

_DAY: dict[str, Any] = {"widget": forms.DateInput(attrs={"type": "date"}), "required": False}


class RolesField(forms.MultipleChoiceField):
    """A choice of roles, each with a box."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self) -> None:
        super().__init__(
            label=_("Roles"),
            choices=User.Role.choices,
            error_messages={"required": _("Choose at least one of the roles.")},
        )


class RolesForm(forms.Form):
    """Change somebody's roles."""

    roles = RolesField()


class AddressForm(forms.Form):
    """Write down another e-mail address."""

    email = forms.CharField(
        label=_("The new address"),
        max_length=254,
        help_text=_("Check it well: links for a new password go there. The old address gets a mail about it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class PersonForm(forms.Form):
    """Create an account."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False, help_text=_("The name that others see."))
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False)
    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        required=False,
        help_text=_("Leave it empty to use the part of the address before the @."),
    )
    roles = RolesField()
    invite = forms.BooleanField(
        label=_("Send a mail with a link to choose a password"),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = password_links.days_of_invitation()
        sentence = ngettext("The link works for %(days)s day.", "The link works for %(days)s days.", days)
        self.fields["invite"].help_text = sentence % {"days": days}


class GrantForm(forms.Form):
    """Give somebody more of some measures, for a while."""

    starts_at = forms.DateField(label=_("From"), help_text=_("Leave it empty to start now."), **_DAY)
    ends_at = forms.DateField(label=_("Until"), help_text=_("The last day. Leave it empty for no end date."), **_DAY)
    reason = forms.CharField(label=pgettext_lazy("of a grant", "What for"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amounts = {m: self._amount(m) for m in MEASURES}
        self.fields = {**amounts, **self.fields}

    @staticmethod
    def _amount(measure: str) -> DigitsField:
        unit = UNITS[measure]
        label = f"{LABELS[measure]} ({unit})" if unit else str(LABELS[measure])
        return DigitsField(label=label, min_value=0, max_value=MOST_TYPED, required=False)

    @property
    def size(self) -> Size:
        """Return the amounts of a form that is valid."""
        return Size(**{m: self.cleaned_data[m] or 0 for m in MEASURES})

    def clean_starts_at(self) -> datetime | None:
        return self._moment(self.cleaned_data["starts_at"], time())

    def clean_ends_at(self) -> datetime | None:
        """Return the last minute of that day, where its reader is: people read the day that was typed."""
        return self._moment(self.cleaned_data["ends_at"], LAST_MINUTE)

    def _moment(self, day: date | None, at: time) -> datetime | None:
        if day is None:
            return None
        if not timezone.localdate() - LONGEST < day < timezone.localdate() + LONGEST:
            raise forms.ValidationError(gettext("Choose a day within five years."))
        return timezone.make_aware(datetime.combine(day, at))


class RemovalForm(forms.Form):
    """Has a field only where somebody's work goes with them: their username."""

    username = forms.CharField(
        label=_("Their username"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, username: str, must_be_typed: bool) -> None:
        super().__init__(data)
        self._username = username
        self.fields["username"].help_text = gettext("Type “%(username)s”.") % {"username": username}
        if not must_be_typed:
            del self.fields["username"]

    def clean_username(self) -> str:
        typed: str = self.cleaned_data["username"].strip()
        if typed.casefold() != self._username.casefold():
            raise forms.ValidationError(
                gettext("Type “%(username)s” to remove this person.") % {"username": self._username}
            )
        return typed


class ImportForm(forms.Form):
    """A list of people: a file, or what is pasted."""

    file = forms.FileField(
        label=_("File"), required=False, allow_empty_file=True,
        help_text=_("CSV, as a spreadsheet saves it: a name and an e-mail address in each line. At most 1 MB and 5,000 lines."),
    )  # fmt: skip
    csv = forms.CharField(
        label=_("Or paste the lines here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices[:2], initial=User.Role.STUDENT)
    invite = forms.BooleanField(
        label=_("Send each a mail with a link to choose a password"), required=False, initial=True
    )


_SINCE = {"30": _("Not for 30 days"), "90": _("Not for 90 days"), "365": _("Not for a year")}


_ORDERS = {
    "name": _("Name"),
    "-name": _("Name, from Z"),
    "username": _("Username"),
    "-username": _("Username, from Z"),
    "-machines": _("Machines, the most first"),
    "machines": _("Machines, the fewest first"),
    "-seen": _("Last sign-in, newest first"),
    "seen": _("Last sign-in, oldest first"),
    "state": _("State"),
    "-state": _("State, the other way round"),
}


class PeopleForm(forms.Form):
    """The filters and the order of the list of people: all may stay empty."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"aria-describedby": "q-hint", "type": "search"}),
    )
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("All")), *User.Role.choices])
    since = forms.ChoiceField(
        label=_("Last sign-in"),
        required=False,
        choices=[("", _("Any time")), *_SINCE.items()],
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), ("active", _("Not blocked")), ("invited", _("Invited")), ("blocked", _("Blocked"))],
    )
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=[("", _ORDERS["name"]), *_ORDERS.items()])

    @property
    def filters(self) -> PeopleFilters:
        """Return the filters of a form that is valid."""
        facts = self.cleaned_data
        before = timezone.now() - timedelta(days=int(facts["since"])) if facts["since"] else None
        return PeopleFilters(facts["q"], facts["role"], facts["state"], before)

    @property
    def order(self) -> str:
        return self.cleaned_data["sort"] or "name"
