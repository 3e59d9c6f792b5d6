"""The navigation of every page: areas, the pages of each, and who may open them. One line adds a page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from portal import access
from quotas.models import QuotaRequest

Who = Callable[[User], bool]
MOST_COUNTED = 99
ON_A_PHONE = 5  # areas in the bar below; what is over stands in the user menu there


def _everybody(_person: User) -> bool:
    return True


def _only_teaches(person: User) -> bool:
    """Say whether this is a teacher whose pages do not stand under Administration."""
    return access.teaches(person) and not access.administers(person)


def _only_watches(person: User) -> bool:
    """Say whether this person looks after others' machines as a teacher, by the role or in a course alone."""
    return access.teaches_somewhere(person) and not access.administers(person)


def _to_decide(person: User) -> int:
    """Count the requests for more that wait for this person, MOST_COUNTED at most."""
    return access.to_decide(person).filter(state=QuotaRequest.State.OPEN)[:MOST_COUNTED].count()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A page of the navigation. `under` are the starts of other addresses at which a person is on it."""

    route: str
    label: Promise
    may: Who = _everybody
    under: tuple[str, ...] = ()
    waiting: Callable[[User], int] | None = None  # counts what waits there for a person; costs a query


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """An entry of the main navigation: one page, or several with a row of their own."""

    label: Promise
    icon: str
    entries: tuple[Entry, ...]
    short: Promise | None = None  # for the bar of a phone


_REQUESTS = partial(Entry, "requests-to-decide", pgettext_lazy("tab", "Requests"), waiting=_to_decide)
_QUESTIONS = partial(Entry, "asks", pgettext_lazy("tab", "Idle"))
_CATALOG = partial(Entry, "catalog", _("Catalog"))

AREAS = (
    Area(_("Machines"), "machines", (Entry("machines", _("Machines"), under=("/machines/", "/requests/")),)),
    Area(_("Launch"), "launch", (Entry("launch", _("Launch")),)),
    Area(_("Keys"), "keys", (Entry("keys", _("Keys")),)),
    Area(
        _("Teaching"),
        "teach",
        (
            Entry("teaching", pgettext_lazy("tab", "Overview"), access.teaches_somewhere),
            Entry("templates", _("Templates"), access.teaches),
            _REQUESTS(may=_only_teaches),
            _QUESTIONS(may=_only_watches),
            _CATALOG(may=_only_teaches),
        ),
    ),
    Area(
        _("Administration"),
        "gauge",
        (
            Entry("dashboard", pgettext_lazy("tab", "Dashboard"), access.administers),
            Entry("all-machines", _("Machines"), access.administers),
            Entry("people", _("People"), access.administers),
            Entry(
                "desk",
                _("Computers"),
                access.administers,
                under=("/manage/donations/", "/manage/subscriptions/", "/manage/thanks/"),
            ),
            Entry("nodes", _("Cluster"), access.administers),
            _REQUESTS(may=access.administers),
            _QUESTIONS(may=access.administers),
            _CATALOG(may=access.administers),
        ),
        short=pgettext_lazy("tab", "Admin"),
    ),
    Area(
        pgettext_lazy("tab", "Site"),  # what administrators need seldom
        "database",
        (
            Entry("servers", pgettext_lazy("tab", "Servers"), access.administers),
            Entry("failures", pgettext_lazy("tab", "Failures"), access.administers),
            Entry("notices", pgettext_lazy("tab", "Messages"), access.administers),
            Entry("audit", pgettext_lazy("tab", "Audit log"), access.administers),
            Entry("plans", pgettext_lazy("tab", "Plans"), access.administers),
            Entry("announcements", pgettext_lazy("tab", "Announcements"), access.administers),
            Entry("terms-edit", pgettext_lazy("tab", "Terms"), access.administers),
        ),
    ),
    Area(_("Donating"), "gift", (Entry("donating", _("Donating"), access.donates, under=("/donate/",)),)),
)
# Where a sign-in leads, and the name of the site: the first that fits, else the first area.
HOMES: tuple[tuple[Who, str], ...] = (
    (access.administers, "dashboard"),
    (access.teaches_somewhere, "teaching"),
    (access.only_donates, "donating"),
)
# The user menu, before language, theme and the way out.
MENU = (
    Area(_("Account"), "account", (Entry("account", _("Account"), under=("/accounts/", "/terms/")),)),
    Area(_("Help"), "info", (Entry("help", _("Help"), under=("/api/docs/",)),)),
)


def is_reference(path: str) -> bool:
    """Say whether this is a page of the user menu: account, help. Nothing else should take much room there."""
    return path.startswith(tuple(start for area in MENU for entry in area.entries for start in _starts(entry)))


def home_of(person: User) -> str:
    """Return the address of the page that this person sees first."""
    return reverse(next((route for fits, route in HOMES if fits(person)), "machines"))


def _nothing() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a page shows it. `to_do` counts what waits there; asked twice it costs one query."""

    href: str
    label: Promise
    icon: str
    here: bool
    short: Promise
    count: Callable[[], int] = _nothing

    @property
    def to_do(self) -> int:
        return self.count()


@dataclass(frozen=True, slots=True)
class Navigation:
    """The navigation of one person on one page."""

    home: str = "/"
    areas: list[Link] = field(default_factory=list)
    over: list[Link] = field(default_factory=list)  # the last of them, for which a phone's bar has no room
    title: Promise | str = ""  # of the area that has a row of its own
    pages: list[Link] = field(default_factory=list)
    menu: list[Link] = field(default_factory=list)


def navigation(person: User, path: str) -> Navigation:
    """Return what this person may open, and where in it they are."""
    shown = [(area, entries) for area in AREAS if (entries := [entry for entry in area.entries if entry.may(person)])]
    menu = [(area, [entry for entry in area.entries if entry.may(person)]) for area in MENU]
    here = _here(path, [entry for _area, entries in shown + menu for entry in entries])
    counts: dict[Entry, Callable[[], int]] = {
        entry: cache(partial(entry.waiting, person)) for _area, entries in shown for entry in entries if entry.waiting
    }
    areas = [_link(area, entries, here, counts) for area, entries in shown]
    title, row = next(((area.label, each) for area, each in shown if here in each and len(each) > 1), ("", []))
    return Navigation(
        home=home_of(person),
        areas=areas,
        over=areas[ON_A_PHONE:],
        title=title,
        pages=[Link(reverse(e.route), e.label, "", e is here, e.label, counts.get(e, _nothing)) for e in row],
        menu=[_link(area, entries, here, {}) for area, entries in menu if entries],
    )


def _link(area: Area, entries: list[Entry], here: Entry | None, counts: dict[Entry, Callable[[], int]]) -> Link:
    """Return the link of an area: to its first page, with all that waits in it."""
    asked = [counts[entry] for entry in entries if entry in counts]
    label = area.short or area.label
    return Link(
        reverse(entries[0].route), area.label, area.icon, here in entries, label, lambda: sum(n() for n in asked)
    )


def _starts(entry: Entry) -> tuple[str, ...]:
    """Return the starts of the addresses at which a person is on it."""
    return reverse(entry.route), *entry.under


def _here(path: str, entries: list[Entry]) -> Entry | None:
    """Return the entry whose address begins this one; of several the longest. The home page begins none but itself."""
    starts = [(start, entry) for entry in entries for start in _starts(entry)]
    fitting = [
        (len(start), entry) for start, entry in starts if path == start or (start != "/" and path.startswith(start))
    ]
    return max(fitting, key=lambda pair: pair[0], default=(0, None))[1]
