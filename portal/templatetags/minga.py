"""Tags and filters of the templates."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import Storage
from django.forms import BoundField
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from cloud.contract import Status
from lib.measures import UNBROKEN
from lib.measures import amount as amount
from lib.measures import memory as memory
from machines.idle import times
from portal.once import FIELD, new_token
from portal.presenters.horizon_links import server_page
from portal.presenters.subscription_card import parts_of_quota

register = template.Library()
register.filter(memory)
register.filter(amount)


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """Draw a picture of our sheet. It only accompanies words, so a screen reader skips it."""
    return _drawn(staticfiles_storage, name, css)


@lru_cache(maxsize=256)
def _drawn(storage: Storage, name: str, css: str) -> SafeString:
    """Draw it once for each storage, which reads its manifest once: a list of machines has dozens of pictures."""
    sheet = storage.url("img/icons.svg")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, sheet, name)


@register.filter
def initials(person: User) -> str:
    """Return what stands for a person in a small circle: AC for Ana Chicaiza, A where only a username is known."""
    names = [name for name in (person.first_name, person.last_name) if name] or [person.username]
    return "".join(name[0] for name in names).upper()


@register.simple_tag
def copy_line(name: str, text: str, dim: bool = False) -> SafeString:
    """Draw a line to copy, whose id is `name`. Its button is shown where a script can copy."""
    return format_html(_LINE, " not-yet" if dim else "", name, text, _("Copied"), _("Copy"), icon("copy"))


_LINE = """<div class="line{0}">
  <code id="{1}" tabindex="0">{2}</code><button type="button" id="{1}-copy" data-copy="#{1}"
      data-done="{3}" aria-label="{4}" hidden>{5}<span>{4}</span></button>
</div>"""


@register.simple_tag
def copy_button(name: str) -> SafeString:
    """Draw a small button that copies the text of the element whose id is `name`."""
    return format_html(_COPY, name, _("Copied"), _("Copy"), icon("copy"))


_COPY = """<button type="button" class="bare copies" id="{0}-copy" data-copy="#{0}"
    data-done="{1}" aria-label="{2}" hidden>{3}<span>{2}</span></button>"""


@register.simple_tag
def posts(url: str, part: str, asked: str = "") -> SafeString:
    """Write the attributes of a form by which a part of the page, the element with this id, is redrawn: see press.js.

    `asked`: words that stand for the state from the press until the answer; '' where it stays. The notes are redrawn in any case.
    """
    return format_html(_POSTS, url, part, asked, "" if part == NOTES else f"#{NOTES}")


NOTES = "notes"  # the element that holds questions and messages on top of every page
_POSTS = """method="post" action="{0}" hx-post="{0}" hx-target="#{1}" hx-select="#{1}" hx-select-oob="{3}"
    hx-swap="outerHTML" hx-sync="#{1}:replace" data-press="{2}\""""


@register.simple_tag
def days(dates: Iterable[tuple[str, datetime]]) -> SafeString:
    """List what becomes of a machine, each with its day."""
    return format_html_join(" · ", '{} <time datetime="{}">{}</time>', (_day(*each) for each in dates))


def _day(name: str, at: datetime) -> tuple[str, str, str]:
    local = timezone.localtime(at)
    return name.lower(), local.isoformat(), times.day(local.date())


@register.simple_tag
def once() -> SafeString:
    """Put a token into a form that makes something, by which two clicks are known for one."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_token())


@register.simple_tag
def own_subscriptions(person: User) -> list[str]:
    """Say what parts of a person's quota come from subscriptions, and until when."""
    return parts_of_quota(person)


@register.filter
def control(field: BoundField) -> SafeString:
    """Draw the control of a field. The first with a fault takes the focus: a screen reader reads its label and the fault."""
    first = next((each.name for each in field.form if each.errors), None)
    return field.as_widget(attrs={"autofocus": True} if field.name == first else None)


@register.filter
def tone_of_level(level: str) -> str:
    return {"error": "tone-trouble", "success": "tone-on", "warning": "tone-busy"}.get(level, "tone-asleep")


@register.filter
def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


@register.filter
def foldable(path: str) -> SafeString:
    """Write a path so that a narrow screen breaks it after a slash, not within a word."""
    return format_html_join(SafeString("/<wbr>"), "{}", ((part,) for part in path.split("/")))


@register.filter
def in_fours(code: str) -> SafeString:
    """Write a code in groups of four, apart by style alone: it is selected, copied and read out without blanks."""
    groups = (code[at : at + 4] for at in range(0, len(code), 4))
    return format_html_join("", "<span>{}</span>", ((group,) for group in groups))


@register.filter
def size(flavor: object) -> str:
    """Write a size: 1 processor, 256 MB of memory, 1 GB of disk."""
    vcpus, ram_mb, disk_gb = (getattr(flavor, name) for name in ("vcpus", "ram_mb", "disk_gb"))
    processors = ngettext("%(count)s processor", "%(count)s processors", vcpus) % {"count": vcpus}
    rest = _("%(memory)s of memory, %(disk)s of disk") % {"memory": memory(ram_mb), "disk": amount(disk_gb, "GB")}
    return f"{processors}, {rest}"


@register.filter
def notice_tone(state: str) -> str:
    """Return the colour for what became of a message."""
    return {"delivered": "tone-on", "due": "tone-busy", "sending": "tone-busy", "failed": "tone-trouble"}.get(
        state, "tone-away"
    )


@register.filter
def ago(at: datetime) -> str:
    """Say how long since, in one unit that stays on one line; older than a day as a date."""
    past = timezone.now() - at
    if past < timedelta(minutes=1):
        return _("just now")
    if past < timedelta(hours=1):
        return _unbroken(_("%(count)s min ago") % {"count": int(past.total_seconds() // 60)})
    if past < timedelta(days=1):
        return _unbroken(_("%(count)s h ago") % {"count": int(past.total_seconds() // 3600)})
    return times.written(at, "SHORT_DATETIME_FORMAT")


def _unbroken(text: str) -> str:
    return text.replace(" ", UNBROKEN)


@register.filter
def written(at: datetime, form: str) -> str:
    """Format as Django's `date` does, and say which, where clocks that are put back show a time twice."""
    return times.written(at, form)


@register.filter
def moment(at: datetime) -> str:
    """Write a time of day, with its day where that is not today."""
    return times.moment(at, timezone.now())


@register.filter
def horizon(server_id: str) -> str:
    """Return the address of a server in Horizon; '' where none is set up."""
    return server_page(server_id)


@register.filter
def status_word(status: str) -> str:
    """Say a status of the cloud in words of people."""
    return {
        Status.BUILDING: pgettext("server", "Being built"),
        Status.ACTIVE: pgettext("server", "Running"),
        Status.SUSPENDED: pgettext("server", "Sleeping"),
        Status.STOPPED: pgettext("server", "Switched off"),
        Status.SHELVED: pgettext("server", "Put away"),
        Status.RESCUED: pgettext("server", "In rescue"),
        Status.ERROR: pgettext("server", "Broken"),
        Status.DELETED: pgettext("server", "Deleted"),
    }.get(Status(status) if status else Status.UNKNOWN, pgettext("server", "Unknown"))


@register.filter
def status_tone(status: str) -> str:
    tones = {"active": "on", "suspended": "asleep", "building": "busy", "error": "trouble", "unknown": "trouble"}
    return f"tone-{tones.get(status, 'away')}"
