"""Gateways, the tunnels on them, and ports that somebody else holds there."""

import hashlib
import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from lib.notes import Note
from lib.schemes import Scheme as Scheme
from lib.schemes import Service as Service
from tunnels.states import MOVES, State, Wanted

PORTS = range(1, 65536)
DIALS_KEPT = timedelta(minutes=5)  # rows, after their end
DIAL_SALT = "tunnels.dial"
CROWDED_FOR = timedelta(minutes=5)  # since the last visitor who found no room


def hash_token(token: str) -> str:
    """Return the hash that is kept of an agent's token. A token is long and random, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class GatewayQuerySet(models.QuerySet["Gateway"]):
    def enabled(self) -> "GatewayQuerySet":
        """Select gateways that get new ports. The others keep what they have."""
        return self.filter(enabled=True)

    def silent(self, now: datetime) -> "GatewayQuerySet":
        """Select enabled gateways whose agent was not heard for too long (AGENT_SILENT_SECONDS)."""
        return self.enabled().filter(Q(heard_at__isnull=True) | Q(heard_at__lt=now - _patience()))


def _patience() -> timedelta:
    return timedelta(seconds=settings.AGENT_SILENT_SECONDS)


class Gateway(models.Model):
    """A computer with a public address that runs OpenSSH, and a range of ports on it that is ours."""

    name = models.CharField(max_length=60, unique=True)
    public_host = models.CharField(max_length=255)  # what people type
    ssh_host = models.CharField(max_length=255)
    ssh_port = models.PositiveIntegerField(default=22)
    ssh_user = models.CharField(max_length=60, default="minga")
    host_key = models.TextField()  # OpenSSH public line; the agent speaks to no other
    bind_address = models.CharField(max_length=60, blank=True, default="")  # where the gateway listens; '' = everywhere
    first_port = models.PositiveIntegerField()
    last_port = models.PositiveIntegerField()
    token_hash = models.CharField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)  # False: nothing new is put on it; what is there stays
    revision = models.BigIntegerField(default=1)  # grows with every change of what the agent should do
    heard_at = models.DateTimeField(null=True, blank=True)
    boot = models.CharField(max_length=64, blank=True, default="")  # id of the agent's run that reported last
    seq = models.BigIntegerField(default=0)  # number of its last report, so that none is counted twice
    # Why the agent has no connection to the gateway, as it reported last: '' = it has one; NULL = an agent that does not say.
    link_error = models.CharField(max_length=16, null=True, blank=True)
    # Sums of what its agents reported: see agent.protocol.MISHAPS.
    faults = models.BigIntegerField(default=0, db_default=0)
    turned_away = models.BigIntegerField(default=0, db_default=0)
    links_lost = models.BigIntegerField(default=0, db_default=0)
    turned_away_at = models.DateTimeField(null=True, blank=True)  # time of the last report of a visitor turned away

    objects = GatewayQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_port__gte=1, last_port__lte=65535, first_port__lte=F("last_port")),
                name="gateway_ports_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_heard(self, now: datetime) -> bool:
        """Say whether the agent was heard lately, so that its last report still counts."""
        return self.heard_at is not None and self.heard_at >= now - _patience()

    def is_crowded(self, now: datetime) -> bool:
        """Say whether visitors found no room lately."""
        return self.turned_away_at is not None and self.turned_away_at >= now - CROWDED_FOR

    def link_state(self, now: datetime) -> str:
        """Return the state of the agent's connection to the gateway: up, one of LINK_ERRORS, or unknown while the agent is silent or does not say."""
        if self.link_error is None or not self.is_heard(now):
            return "unknown"
        return self.link_error or "up"


class TunnelQuerySet(models.QuerySet["Tunnel"]):
    def live(self) -> "TunnelQuerySet":
        """Select tunnels whose port is still theirs."""
        return self.exclude(state=State.GONE)

    def of(self, holder: UUID) -> "TunnelQuerySet":
        """Select a holder's tunnels whose port is still theirs, in the order of the template, with their gateways."""
        return self.live().filter(holder=holder).select_related("gateway").order_by("position", "created_at")

    def kept(self) -> "TunnelQuerySet":
        """Select tunnels that nobody asked to give back."""
        return self.exclude(wanted=Wanted.GONE)


class Tunnel(models.Model):
    """A port of a gateway that leads to one service of its holder. `holder` is opaque here."""

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="tunnels")
    port = models.PositiveIntegerField()
    holder = models.UUIDField()
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="tunnels")
    service = models.CharField(max_length=40)
    scheme = models.CharField(max_length=8, default="tcp")
    position = models.PositiveSmallIntegerField(default=0)  # the template's order
    target_host = models.CharField(max_length=255, blank=True, default="")
    target_port = models.PositiveIntegerField()  # the service's own port inside the machine
    reach_port = models.PositiveIntegerField(null=True, blank=True)  # where the agent finds it, when that differs
    allow = models.JSONField(default=list, blank=True)  # networks that may come in; empty = everybody
    knock = models.JSONField(default=list, blank=True)  # networks whose visitors may wait while it is held
    extra = models.BooleanField(default=False)  # opened by the person, not from the template

    wanted = models.CharField(max_length=8, choices=Wanted.choices, default=Wanted.CLOSED)
    wanted_revision = models.BigIntegerField(default=0)  # the gateway's revision with the last change of what is wanted
    state = models.CharField(max_length=8, choices=State.choices, default=State.CLOSED)
    state_since = models.DateTimeField(auto_now_add=True)
    state_note = models.JSONField(default=dict, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)  # the first time ever
    answered_at = models.DateTimeField(null=True, blank=True)  # since when the target answers; None = not yet
    # True: nothing answered when it was closed last, so nobody waits for an answer when its holder wakes.
    quiet = models.BooleanField(default=False, db_default=False)
    refused = models.PositiveIntegerField(default=0)  # by the gateway, since it was open last

    bytes_in = models.BigIntegerField(default=0)  # from visitors to the machine
    bytes_out = models.BigIntegerField(default=0)
    # Of both directions, without brief connections (scanners): shows that somebody is at work.
    bytes_used = models.BigIntegerField(default=0)
    connections = models.PositiveIntegerField(default=0)  # open at the last report
    last_byte_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TunnelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "port"], condition=~Q(state="gone"), name="tunnel_port_once"),
            models.UniqueConstraint(
                fields=["holder", "service"], condition=~Q(wanted="gone"), name="tunnel_service_once"
            ),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="tunnel_port_in_range"),
            models.CheckConstraint(
                condition=Q(target_port__gte=1, target_port__lte=65535), name="tunnel_target_port_in_range"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="tunnel_state_known"),
            models.CheckConstraint(condition=Q(wanted__in=Wanted.values), name="tunnel_wanted_known"),
            models.CheckConstraint(condition=~Q(state="gone") | Q(wanted="gone"), name="tunnel_gone_only_when_wanted"),
        ]
        indexes = [
            models.Index(fields=["holder"], condition=~Q(state="gone"), name="tunnel_live_by_holder"),
            models.Index(fields=["gateway"], condition=Q(wanted="open"), name="tunnel_open_by_gateway"),
            models.Index(fields=["holder"], condition=Q(wanted="held"), name="tunnel_held_by_holder"),
            models.Index(
                fields=["gateway", "port", "state_since"], condition=Q(state="gone"), name="tunnel_given_back"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.port}"

    @property
    def may_open(self) -> bool:
        """Say whether its owner may have anything reached from outside: not while their account is deactivated."""
        return self.owner is None or self.owner.is_active

    @property
    def note(self) -> Note:
        """Return the sentence that explains the state; empty where nothing needs explaining."""
        return Note.from_json(self.state_note)

    def shown_state(self, now: datetime) -> str:
        """Return opening, open, held, closed or failed. While the agent is away nobody knows whether a port is open."""
        if self.state in (State.OPEN, State.HELD) and not self.gateway.is_heard(now):
            return {Wanted.OPEN: State.OPENING, Wanted.HELD: State.CLOSED}.get(Wanted(self.wanted), State(self.state))
        return State.CLOSED if self.state == State.GONE else State(self.state)


class BlockedPort(models.Model):
    """A port that something else held on the gateway when we asked for it; not drawn again until then."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="blocked_ports")
    port = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "port"], name="blocked_port_once")]


class SshTarget(models.Model):
    """A machine without a tunnel for ssh, whose port 22 an agent may dial until this row is deleted. `holder` is opaque here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.UUIDField(unique=True)
    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="ssh_targets")  # whose agent dials it
    host = models.CharField(max_length=64)  # an address, never a name
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"ssh of {self.host}"


class DialQuerySet(models.QuerySet["Dial"]):
    def dialable(self) -> "DialQuerySet":
        """Select those whose target may be dialed now."""
        return self.filter(Q(tunnel__wanted=Wanted.OPEN) | Q(ssh__isnull=False))

    def wanted_of(self, gateway: int, now: datetime) -> "DialQuerySet":
        """Select what a gateway's agent should dial now."""
        through = Q(tunnel__gateway=gateway, tunnel__wanted=Wanted.OPEN) | Q(ssh__gateway=gateway)
        return self.filter(through, agent_at=None, expires_at__gt=now)

    def over(self, now: datetime) -> "DialQuerySet":
        """Select dials that are old enough to be deleted."""
        return self.filter(expires_at__lt=now - DIALS_KEPT)


class Dial(models.Model):
    """A connection that an agent is to open, and to pass on to the live process, where an asker waits: to a tunnel's target, or to ssh.

    Each side has a ticket, good once until `expires_at`. No ticket is stored: it is the row's key and the side, signed.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tunnel = models.ForeignKey(Tunnel, null=True, blank=True, on_delete=models.CASCADE, related_name="dials")
    ssh = models.ForeignKey(SshTarget, null=True, blank=True, on_delete=models.CASCADE, related_name="dials")
    expires_at = models.DateTimeField()
    agent_at = models.DateTimeField(null=True, blank=True)  # when the agent used its ticket
    asker_at = models.DateTimeField(null=True, blank=True)
    trial = models.BooleanField(default=False, db_default=False)  # the asker visits the tunnel's own port, too

    objects = DialQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="dial_by_end")]
        constraints = [
            models.CheckConstraint(condition=Q(tunnel__isnull=False) ^ Q(ssh__isnull=False), name="dial_one_target")
        ]

    @property
    def target_id(self) -> str:
        """The id by which the agent knows the target: protocol.WantedTunnel.id or protocol.WantedSsh.id."""
        return str(self.tunnel_id or self.ssh_id)

    def ticket(self, side: str) -> str:
        """Return the ticket of one side: agent or asker."""
        return signing.dumps([self.key.hex, side], salt=DIAL_SALT)

    @property
    def trial_word(self) -> str:
        """Words that a trial visit says first, so that the agent knows it; '' where there is none. Not stored either."""
        known_to_us = salted_hmac(f"{DIAL_SALT}.trial", self.key.hex, algorithm="sha256").hexdigest()
        return f"MINGA-TRIAL-{known_to_us[:32]}" if self.trial else ""


class PortCheck(models.Model):
    """The last check of the way to one port of a holder, and when each hop was last right. `holder` is opaque here. See port_checks."""

    holder = models.UUIDField()
    port = models.PositiveIntegerField()  # inside the machine
    at = models.DateTimeField(default=timezone.now)
    hops = models.JSONField(default=list)  # [{"name", "ok", "ms", "note"}], each note as lib.notes stores it
    verdict = models.JSONField(default=dict)
    broken = models.CharField(max_length=10, blank=True, default="")  # the name of the first broken hop
    right_at = models.JSONField(default=dict)  # by the name of a hop

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder", "port"], name="port_check_once")]
