"""Names for people of a lab template's fields: at the form, and in the audit log."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIELD_LABELS: dict[str, Promise] = {
    "name": _("Name"),
    "name_es": _("Name in Spanish"),
    "summary": _("What it is for"),
    "summary_es": _("What it is for, in Spanish"),
    "icon": _("Icon"),
    "image": _("System"),
    "flavor": _("Size"),
    "login": _("Sign-in name"),
    "user_data": _("First-boot script (user-data)"),
    "position": _("Order"),
    "published": _("Students see it"),
}
