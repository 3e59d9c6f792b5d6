"""Nodes as administrators see them: in what state, how full, which computer, since when, and what is to be done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from lib.measures import memory
from lib.time_words import in_words
from nodes.hypervisors.silence import silent_for
from nodes.hypervisors.upkeep import due_at, is_due
from nodes.intake.disk_faults import bad_disks
from nodes.models import Computer, Node, NodeEvent, NodeTie

HOT = 90  # percent


class ShownNode:
    """A node as a page shows it. computer: the given one that it is, where that is known. is_ill: it has disks that are not for machines."""

    def __init__(self, node: Node, now: datetime, computer: Computer | None = None, is_ill: bool = False) -> None:
        self.node, self.now, self.computer, self.is_ill = node, now, computer, is_ill
        self.silent = silent_for(node) if node.up else None

    @property
    def tone(self) -> str:
        if not self.node.listed:
            return "gone"
        if not self.node.up:
            return "trouble"
        if self.silent:
            return "busy"
        return "on" if self.node.enabled else "away"

    @property
    def word(self) -> str:
        if not self.node.listed:
            return _("Not in the cloud any more")
        if not self.node.up:
            return _("Does not answer")
        if self.silent:
            return _("Not heard for %(span)s") % {"span": in_words(self.silent.total_seconds())}
        return _("In service") if self.node.enabled else _("Takes no new machines")

    @property
    def needs_a_look(self) -> bool:
        return self.node.listed and (not self.node.up or self.silent is not None or self.is_ill)

    @property
    def away_since(self) -> datetime | None:
        """Return since when it is out of service, where that is known."""
        return self.node.since if self.tone in ("trouble", "away", "gone") else None

    @property
    def levels(self) -> list[tuple[str, int, str]]:
        """Return name, percent and amounts of what is taken. Of disks nothing: they are seldom what is short."""
        node = self.node
        rows = [
            (_("Processors"), node.vcpus_used, node.vcpus, f"{node.vcpus_used} / {node.vcpus}"),
            (_("Memory"), node.ram_mb_used, node.ram_mb, f"{memory(node.ram_mb_used)} / {memory(node.ram_mb)}"),
        ]
        return [(name, min(100, round(100 * used / total)), text) for name, used, total, text in rows if total]

    @property
    def fullness(self) -> float:
        return self.node.ram_mb_used / self.node.ram_mb if self.node.ram_mb else 0.0

    @property
    def is_due(self) -> bool:
        return self.node.listed and is_due(self.node, self.now)

    @property
    def maintenance(self) -> str:
        """Say when its maintenance is due; '' where none ever is."""
        at = due_at(self.node)
        if at is None or not self.node.listed:
            return ""
        if self.is_due:
            return _("Maintenance is due")
        days = -((self.now - at) // timedelta(days=1))  # the day that runs counts
        return ngettext("Maintenance in %(days)s day", "Maintenance in %(days)s days", days) % {"days": days}


@dataclass(frozen=True, slots=True)
class NodeFilter:
    """A ready-made filter of nodes: its words, its name in the address, and which it leaves."""

    label: "Promise | str"
    name: str
    fits: Callable[[ShownNode], bool]


FILTERS = (
    NodeFilter(pgettext_lazy("nodes", "All"), "", lambda each: each.node.listed),
    NodeFilter(pgettext_lazy("nodes", "Need a look"), "look", lambda each: each.needs_a_look),
    NodeFilter(pgettext_lazy("nodes", "Maintenance due"), "due", lambda each: each.is_due),
    NodeFilter(
        pgettext_lazy("nodes", "Take no machines"), "off", lambda each: each.node.listed and not each.node.enabled
    ),
    NodeFilter(
        pgettext_lazy("nodes", "Computer not known"), "untied", lambda each: each.node.listed and not each.computer
    ),
    NodeFilter(pgettext_lazy("nodes", "Gone"), "gone", lambda each: not each.node.listed),
)


def chips(nodes: list[ShownNode], chosen: str) -> list[dict[str, Any]]:
    """Return the filters with their counts; one that leaves nothing is left out, unless it is set."""
    found = [(each, sum(map(each.fits, nodes))) for each in FILTERS]
    return [
        {"label": each.label, "name": each.name, "count": count, "here": each.name == chosen}
        for each, count in found
        if count or each.name in ("", chosen)
    ]


def shown_nodes(nodes: Iterable[Node], now: datetime) -> list[ShownNode]:
    """Return nodes with their computers: trouble first, then those out of service, then the fullest. Three queries more."""
    rows = list(nodes)
    ties = NodeTie.objects.filter(node__in=rows, until=None).select_related("computer")
    computers = {tie.node_id: tie.computer for tie in ties}
    ill = bad_disks([computer.pk for computer in computers.values()])
    shown = [ShownNode(node, now, it := computers.get(node.pk), it is not None and it.pk in ill) for node in rows]
    return sorted(shown, key=lambda each: (not each.needs_a_look, each.node.enabled, -each.fullness, each.node.name))


# ---- what happened ----


@dataclass(frozen=True, slots=True)
class NodeLine:
    """An event of a node as staff read it."""

    event: NodeEvent

    @property
    def tone(self) -> str:
        return _TONES.get(NodeEvent.Kind(self.event.kind), "tone-away")

    @property
    def words(self) -> str:
        return str(NodeEvent.Kind(self.event.kind).label)

    @property
    def who(self) -> str:
        return self.event.by.shown_name if self.event.by else _("The portal")


_TONES: dict[NodeEvent.Kind, str] = {
    NodeEvent.Kind.DOWN: "tone-trouble", NodeEvent.Kind.UP: "tone-on", NodeEvent.Kind.ENABLED: "tone-on",
    NodeEvent.Kind.MAINTAINED: "tone-on",
}  # fmt: skip
