"""The numbers of /metrics: read from the database when they are asked for, so any of the web processes tells the same.

Names, units and advice are in docs/admin/observability.md. Labels are bounded: states, gateways, measures; never a person, a
machine, a template or an id.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Count, Min, Q, Sum, Value
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.core import Metric
from prometheus_client.core import SummaryMetricFamily as Summary
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from accounts import failures
from accounts.models import Notice, SignInTotal
from accounts.outside import sign_in as outside
from accounts.outside.outside_refusals import CODES
from lib.measures import MEASURES
from machines import host_keys
from machines.models import CloudWatch, KeyChange, Machine, Stray
from machines.states import State, Wanted
from nodes.files import file_store
from portal import __version__
from portal.ops import latency
from portal.ops.tally import Tally
from quotas.models import Reservation
from tunnels import states as tunnel_states
from tunnels.agent.protocol import LINK_ERRORS
from tunnels.models import Gateway, Tunnel

LAUNCH_BUCKETS = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600]  # seconds
_AGENT_TOTALS = {
    "faults": ("minga_agent_faults", "Exceptions in the agent that ended one connection or one attempt."),
    "turned_away": ("minga_agent_turned_away", "Visitors for whom there was no room."),
    "links_lost": ("minga_gateway_links_lost", "Connections to the gateway that ended."),
}
LINK_STATES = ("up", *LINK_ERRORS, "unknown")
# What was adopted was never launched: it was ready when it was made. A worker of version 0.2.0 writes ready_at only.
_LAUNCHES = """
SELECT width_bucket(took, %s::numeric[]), ready < %s, count(*), sum(took)
FROM (SELECT coalesce(first_ready_at, ready_at) AS ready, extract(epoch FROM coalesce(first_ready_at, ready_at) - created_at) AS took
      FROM machines_machine WHERE build_started_at IS NOT NULL) AS launch
WHERE ready >= %s AND took > 0 GROUP BY 1, 2
"""
# How long a machine had been in the state that it left: since the move before, or since it was made.
_STAYS = """
SELECT e.from_state, e.at < %s, count(*), sum(extract(epoch FROM e.at - coalesce(before.at, m.created_at)))
FROM machines_event e JOIN machines_machine m ON m.id = e.machine_id
LEFT JOIN LATERAL (SELECT p.at FROM machines_event p WHERE p.machine_id = e.machine_id AND p.kind = 'moved' AND p.at < e.at
                   ORDER BY p.at DESC LIMIT 1) AS before ON true
WHERE e.kind = 'moved' AND e.at >= %s GROUP BY 1, 2
"""


class Metrics(Collector):
    """A dozen queries, whatever the number of machines."""

    def __init__(self) -> None:
        self.launches, self.stays = Tally(_LAUNCHES, LAUNCH_BUCKETS), Tally(_STAYS)

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _machines()
        yield self._launches(now)
        yield self._stays(now)
        yield from _queue(now)
        yield from _steps(now)
        yield from _sweep(now)
        yield from _tunnels()
        yield from _gateways(now)
        yield from _others()
        failing = failures.counts(now)
        text = "Rows that a loop fails with, and leaves out until their next try."
        yield _by("minga_failing_rows", text, "loop", ((loop, failing.get(loop, 0)) for loop in failures.LOOPS))
        yield from _sign_ins()
        yield from _notices(now)
        yield from latency.metrics()

    def _launches(self, now: datetime) -> Metric:
        totals = self.launches.read(now)
        buckets, so_far = [], 0
        for place, limit in enumerate([*map(float, LAUNCH_BUCKETS), float("inf")]):
            so_far += totals.get(place, (0, 0))[0]
            buckets.append(("+Inf" if limit == float("inf") else str(limit), float(so_far)))
        seconds = float(sum(spent for _count, spent in totals.values()))
        text = "From the click on launch to the first answer of the machine, by machines that were ready once."
        return Histogram("minga_launch_seconds", text, buckets=buckets, sum_value=seconds)

    def _stays(self, now: datetime) -> Metric:
        text = "How long machines stayed in a state, by visits that are over."
        family = Summary("minga_state_seconds", text, labels=["state"])
        totals = self.stays.read(now)
        for state in (s for s in State.values if s != State.GONE):
            count, seconds = totals.get(state, (0, 0))
            family.add_metric([state], count, float(seconds))
        return family


def rendered(accept: str) -> tuple[bytes, str]:
    """Return all metrics in a format that `accept` (the header) takes, and its media type."""
    encode, media_type = choose_encoder(accept)
    return encode(METRICS), media_type


METRICS = Metrics()


def _gauge(name: str, text: str, value: float) -> Metric:
    return Gauge(name, text, value=value)


def _by(
    name: str, text: str, label: str, values: Iterable[tuple[str, float]], kind: type[Gauge] | type[Counter] = Gauge
) -> Metric:
    family = kind(name, text, labels=[label])
    for which, value in values:
        family.add_metric([which], value)
    return family


def _machines() -> Iterator[Metric]:
    refused = Count("pk", filter=host_keys.is_refused())
    rows = list(Machine.objects.alive().order_by().values_list("state").annotate(Count("pk"), refused=refused))
    counts = {state: count for state, count, _refused in rows}
    states = [state for state in State.values if state != State.GONE]
    yield _by("minga_machines", "Machines that are not deleted.", "state", ((s, counts.get(s, 0)) for s in states))
    text = "Machines whose SSH last showed another host key than the known one."
    yield _gauge("minga_host_keys_refused", text, sum(row[2] for row in rows))


def _queue(now: datetime) -> Iterator[Metric]:
    waiting = Machine.objects.filter(state=State.QUEUED).exclude(wanted=Wanted.GONE)
    line = waiting.aggregate(count=Count("pk"), first=Min("queued_at"))
    yield _gauge("minga_queue_machines", "Machines that wait for room.", line["count"])
    yield _gauge("minga_queue_longest_wait_seconds", "How long the first of them has waited.", _age(line["first"], now))


def _steps(now: datetime) -> Iterator[Metric]:
    due = Machine.objects.due(now).aggregate(
        count=Count("pk"), since=Min("retry_at"), new=Min("state_since", filter=Q(state=State.NEW, retry_at=None))
    )
    since = min((at for at in (due["since"], due["new"]) if at), default=None)
    yield _gauge(
        "minga_unsettled_machines", "Machines whose wish has not come true yet.", Machine.objects.unsettled().count()
    )
    yield _gauge("minga_steps_due", "Of these, the ones that a worker could step now.", due["count"])
    yield _gauge("minga_steps_overdue_seconds", "For how long the oldest of these has been due.", _age(since, now))


def _sweep(now: datetime) -> Iterator[Metric]:
    watch = CloudWatch.objects.filter(pk=1).first() or CloudWatch()
    yield _gauge("minga_sweep_took_seconds", "What the last list of all servers took.", watch.took_seconds)
    if watch.listed_at:
        yield _gauge("minga_sweep_age_seconds", "Since the last list that worked.", _age(watch.listed_at, now))
    yield _gauge("minga_cloud_up", "Whether the last list worked.", watch.steady_since is not None)
    room = [
        (measure, watch.room[measure], watch.room[f"{measure}_used"])
        for measure in ("vcpus", "ram_mb", "disk_gb")
        if measure in watch.room
    ]
    yield _by(
        "minga_room",
        "What the cluster has, as the cloud told it last.",
        "measure",
        ((m, total) for m, total, _used in room),
    )
    yield _by("minga_room_used", "What of it is taken.", "measure", ((m, used) for m, _total, used in room))


def _tunnels() -> Iterator[Metric]:
    rows = list(
        Tunnel.objects.order_by()
        .values_list("gateway__name", "state")
        .annotate(Count("pk"), Sum("connections"), Sum("bytes_in"), Sum("bytes_out"))
    )
    live = Gauge("minga_tunnels", "Public ports that are somebody's.", labels=["gateway", "state"])
    connections = Gauge("minga_tunnel_connections", "Connections open at the agents' last report.", labels=["gateway"])
    passed = Counter(
        "minga_tunnel_bytes", "Bytes that passed: in = from visitors to machines.", labels=["gateway", "direction"]
    )
    for gateway in sorted({row[0] for row in rows}):
        of_state = {state: facts for name, state, *facts in rows if name == gateway}
        for state in tunnel_states.State.values:
            if state != tunnel_states.State.GONE:
                live.add_metric([gateway, state], of_state.get(state, [0])[0])
        alive = [facts for state, facts in of_state.items() if state != tunnel_states.State.GONE]
        connections.add_metric([gateway], sum(facts[1] for facts in alive))
        passed.add_metric([gateway, "in"], int(sum(facts[2] for facts in of_state.values())))
        passed.add_metric([gateway, "out"], int(sum(facts[3] for facts in of_state.values())))
    yield from (live, connections, passed)


def _gateways(now: datetime) -> Iterator[Metric]:
    gateways = list(Gateway.objects.enabled())
    yield _by(
        "minga_gateway_up",
        "Whether the agent of an enabled gateway was heard lately.",
        "gateway",
        ((g.name, g.is_heard(now)) for g in gateways),
    )
    link = Gauge(
        "minga_gateway_link", "The agent's connection to its gateway: 1 for what it is.", labels=["gateway", "state"]
    )
    for gateway in gateways:
        now_is = gateway.link_state(now)
        for state in LINK_STATES:
            link.add_metric([gateway.name, state], state == now_is)
    yield link
    for name, (metric, text) in _AGENT_TOTALS.items():
        yield _by(metric, text, "gateway", ((g.name, getattr(g, name)) for g in gateways), Counter)
    heard = ((g.name, _age(g.heard_at, now)) for g in gateways if g.heard_at)
    yield _by("minga_gateway_silent_seconds", "Since the agent was heard.", "gateway", heard)


def _others() -> Iterator[Metric]:
    yield _by("minga_build_info", "The version of Minga that answers.", "version", [(__version__, 1)])
    strays, changes = _strays_and_key_changes()
    yield _by(
        "minga_strays",
        "Servers of the cloud that no machine needs.",
        "kind",
        ((k, strays.get(k, 0)) for k in Stray.Kind.values),
    )
    text = "Keys that were to be put into machines or taken out of them in the last week."
    yield _by("minga_key_changes", text, "state", ((s, changes.get(s, 0)) for s in KeyChange.State.values))
    used = Reservation.objects.filter(closed_at=None).aggregate(**{m: Sum(m, default=0) for m in MEASURES})
    yield _by("minga_quota_used", "What people's machines take of their quotas.", "measure", used.items())
    yield _gauge("minga_files_bytes", "What photos and other files of people take.", file_store.total_bytes())
    yield _gauge("minga_files_max_bytes", "What they may take.", file_store.most_bytes())


def _strays_and_key_changes() -> tuple[dict[str, int], dict[str, int]]:
    """Count open strays by kind and changes of keys by state, in one query."""
    strays = Stray.objects.open().order_by().annotate(of=Value("strays")).values_list("of", "kind")
    changes = KeyChange.objects.order_by().annotate(of=Value("keys")).values_list("of", "state")
    found: dict[str, dict[str, int]] = {"strays": {}, "keys": {}}
    for of, word, count in strays.annotate(Count("pk")).union(changes.annotate(Count("pk")), all=True):
        found[of][word] = count
    return found["strays"], found["keys"]


def _sign_ins() -> Iterator[Metric]:
    totals = dict(SignInTotal.objects.values_list("kind", "count"))
    text = "Sign-ins that were not granted: a wrong password, too many of them (429), no turn in time (503)."
    kinds = ("wrong_password", "throttled", "busy")
    yield _by("minga_sign_ins_refused", text, "reason", ((kind, totals.get(kind, 0)) for kind in kinds), Counter)
    text = "Sign-ins with an account of the cloud or the university, by what became of them."
    family = Counter("minga_sign_ins_outside", text, labels=["way", "outcome"])
    for way in outside.all_ways():
        for outcome in ("signed_in", "wrong_password", *CODES):
            family.add_metric([way, outcome], totals.get(f"{way}:{outcome}", 0))
    yield family


def _notices(now: datetime) -> Iterator[Metric]:
    rows = Notice.objects.order_by().values_list("channel", "state").annotate(Count("pk"), Min("created_at"))
    found = {(channel, state): (count, first) for channel, state, count, first in rows}
    text = "Messages to people of the last 180 days, by channel and by what became of them."
    family = Gauge("minga_notices", text, labels=["channel", "state"])
    for channel in Notice.Channel.values:
        for state in Notice.State.values:
            family.add_metric([channel, state], found.get((channel, state), (0, None))[0])
    yield family
    _count, first = found.get((Notice.Channel.MAIL, Notice.State.DUE), (0, None))
    yield _gauge(
        "minga_mails_longest_wait_seconds", "How long the first mail that is due has waited.", _age(first, now)
    )


def _age(at: datetime | None, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds()) if at else 0.0
