"""/metrics of a live process: what it carries, and why connections ended or were not opened."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from portal.live.consoles.console_sockets import CODES
from portal.live.files.file_requests import ENDS
from portal.live.hub import Hub
from tunnels.port_checks import HOPS

ENDED = ("left", "restart", "rights", "unsure", "flood", "unread")
DIALED = ("ended", "alone", "restart", "rights", "unsure")
VIEWS_ENDED = (
    "left", "restart", "unsure", "exited", "elsewhere", "lost", "rights", "flood", "full", "too_many", "too_many_there", "forgotten",
    "not_running", "held", "no_site_key", "no_portal_key", "unreadable", "refused", "host_key", "unreachable", "agent_away", "port_closed",
)  # fmt: skip
CHECKED = ("right", "unsure", *HOPS)
REFUSED = (
    "ticket", "unknown", "token", "origin", "host", "plain_http", "too_many", "crowd", "full", "busy", "draining", "left",
    "path", "machine", "error", "method", "head", "flood", "rights", "unsure", "restart",
    "forbidden", "terms_not_accepted", "second_step_owed", "often", "port", "no_port", "failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Carried:
    """Numbers of what is open."""

    dials: int = 0
    terminals: int = 0
    looked_at: int = 0
    handshakes: int = 0  # that wait for their turn
    transfers: int = 0
    consoles: int = 0
    tails: int = 0


class LiveMetrics(Collector):
    def __init__(self, hub: Hub, carried: Carried) -> None:
        self.hub, self.carried = hub, carried

    def collect(self) -> Iterator[Metric]:
        hub = self.hub
        yield Gauge("minga_live_streams", "Connections that are open.", value=len(hub.streams))
        people = len({stream.person.pk for stream in hub.streams})
        yield Gauge("minga_live_people", "People who have one or more of them.", value=people)
        yield Gauge("minga_live_sees_changes", "Whether changes come from Redis.", value=hub.hears_changes)
        yield Counter("minga_live_changes", "Changes heard from Redis.", value=hub.counts["heard"])
        yield Counter("minga_live_sent", "Changes sent, by connections.", value=hub.counts["sent"])
        yield self._by("minga_live_ended", "Connections that ended.", "ended", ENDED)
        yield Gauge("minga_live_dials", "Dialed connections that are open.", value=self.carried.dials)
        yield self._by("minga_live_dialed", "Dialed connections that ended.", "dialed", DIALED)
        yield Gauge("minga_live_terminals", "Terminals that are open.", value=self.carried.terminals)
        yield Gauge("minga_live_terminals_viewed", "Terminals that somebody looks at.", value=self.carried.looked_at)
        yield Gauge(
            "minga_live_handshakes_waiting", "Terminals that wait for their turn.", value=self.carried.handshakes
        )
        yield self._by("minga_live_terminals_ended", "Views of terminals that ended.", "terminals", VIEWS_ENDED)
        yield Gauge(
            "minga_live_transfers", "Files of machines that are being sent or taken.", value=self.carried.transfers
        )
        yield self._by("minga_live_files", "Requests for files of machines that ended.", "files", ENDS)
        yield Gauge("minga_live_consoles", "Consoles that are open.", value=self.carried.consoles)
        yield Gauge("minga_live_console_logs", "Machines whose log is read.", value=self.carried.tails)
        yield self._by("minga_live_consoles_ended", "Consoles that ended.", "console", tuple(CODES))
        yield self._by(
            "minga_live_checks", "Checks of the way to a port, by the hop where it ends.", "checked", CHECKED
        )
        yield self._by("minga_live_refused", "Connections that were not opened.", "refused", REFUSED)

    def _by(self, name: str, text: str, kind: str, reasons: tuple[str, ...]) -> Metric:
        family = Counter(name, text, labels=["reason"])
        for reason in reasons:
            family.add_metric([reason], self.hub.counts[f"{kind} {reason}"])
        return family


def rendered(hub: Hub, carried: Carried, accept: str) -> tuple[bytes, str]:
    """Return the metrics in a format that `accept` (the header) takes, and its media type."""
    encode, media_type = choose_encoder(accept)
    return encode(LiveMetrics(hub, carried)), media_type
