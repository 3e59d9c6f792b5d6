"""The API of the gateways' agents: one long question, and reports.

A held question keeps no database connection. It does keep a thread as long as any middleware is sync (Django then runs
the view from one); there is one question for each gateway, so that is cheap.
"""

import asyncio
import hmac
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.failures import Failures
from lib.doorbell import ring
from lib.notes import Refusal
from machines.wake_on_connect import REFUSED, Answer
from machines.wake_on_connect import knock as answer_knock
from tunnels import wake_rules
from tunnels.agent.protocol import GatewayAddress, KnockAnswer, Report, WantedDial, WantedSsh, WantedTunnel
from tunnels.agent.protocol import Wanted as WantedByAgent
from tunnels.lifecycle import apply_report
from tunnels.models import Dial, Gateway, Tunnel, hash_token
from tunnels.queries import has_news
from tunnels.report import read_report
from tunnels.states import Wanted

LOOK_SECONDS = 0.2  # between two looks: a dial has 0.3 s to reach the agent, a revocation two
MOST_KNOWN_DIALS = 1000  # that one question may name
MOST_RINGS = 20  # for one report; each costs a second while Redis is away, and the sweep finds the other machines
View = Callable[[HttpRequest, Gateway], Coroutine[Any, Any, HttpResponse]]


def problem(status: int, code: str, sentence: str) -> JsonResponse:
    body = {"type": f"about:blank#{code}", "title": sentence, "status": status, "detail": sentence}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def for_agents(method: str) -> Callable[[View], Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]]:
    """Make a view for whoever holds a gateway's token; it gets the gateway."""

    def decorate(view: View) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        async def checked(request: HttpRequest) -> HttpResponse:
            if request.method != method:
                answer = problem(
                    405, "method_not_allowed", _("This address takes %(method)s only.") % {"method": method}
                )
                answer["Allow"] = method
                return answer
            gateway = await _gateway(request.headers.get("Authorization", ""))
            if gateway is None:
                answer = problem(401, "unknown_token", _("This token is not one of an agent."))
                answer["WWW-Authenticate"] = "Bearer"
                return answer
            return await view(request, gateway)

        return checked

    return decorate


@sync_to_async
def _gateway(header: str) -> Gateway | None:
    kind, _blank, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    token_hash = hash_token(token.strip())
    gateway = Gateway.objects.filter(token_hash=token_hash).first()
    if gateway is None or not hmac.compare_digest(gateway.token_hash, token_hash):
        return None
    Gateway.objects.filter(pk=gateway.pk).update(heard_at=timezone.now())
    return gateway


@for_agents("GET")
async def wanted(request: HttpRequest, gateway: Gateway) -> HttpResponse:
    """Answer all that should be open; held for a while when the agent knows the present revision already."""
    try:
        known = int(request.GET.get("revision", "-1"))
        dials = _numbers(request.GET.get("dials"))
        patience = min(float(request.GET.get("wait", "inf")), settings.AGENT_POLL_SECONDS)
    except ValueError:
        return problem(400, "bad_question", _("revision and wait are numbers."))
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    # Other processes write the row, so no event of ours can wake us.
    while not await _has_news(gateway.pk, known, dials) and loop.time() < until:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)
    return JsonResponse(await _wishes(gateway.pk, known, dials, holds=request.GET.get("holds") == "1"))


def _numbers(text: str | None) -> list[int] | None:
    """Read the dials that an agent knows; None: an older agent, which cannot dial. Raises ValueError."""
    if text is None:
        return None
    numbers = [int(number) for number in text.split(",", MOST_KNOWN_DIALS) if number]
    if any(not 0 <= number < 2**63 for number in numbers):
        raise ValueError(text)
    return numbers


@sync_to_async
def _has_news(pk: int, known: int, dials: list[int] | None) -> bool:
    try:
        return has_news(pk, revision=known, dials=dials, now=timezone.now())
    finally:
        _let_go()


def _fresh(pk: int, dials: list[int]) -> QuerySet[Dial]:
    return Dial.objects.wanted_of(pk, timezone.now()).exclude(pk__in=dials)


def _let_go() -> None:
    """Hand the connection back to the pool: a held question would keep it for half a minute."""
    if not connection.in_atomic_block:
        connection.close()


@sync_to_async
def _wishes(pk: int, known: int, dials: list[int] | None, *, holds: bool) -> dict[str, Any]:
    gateway = Gateway.objects.get(pk=pk)  # before the rows, so that a later change is told by a later revision
    wanted_dials = [] if dials is None else _dials(pk, dials)
    listened = Q(wanted=Wanted.OPEN) & ~Q(target_host="")
    if holds:  # an older agent does not know what it is to hold: it would let everybody through
        listened |= Q(wanted=Wanted.HELD)
    tunnels = Tunnel.objects.live().filter(listened, gateway=gateway).order_by("port")
    address = GatewayAddress(
        ssh_host=gateway.ssh_host,
        ssh_port=gateway.ssh_port,
        user=gateway.ssh_user,
        host_key=gateway.host_key,
        bind_address=gateway.bind_address,
    )
    # A dial is told fast and often; the agent knows the targets of its revision.
    if wanted_dials and gateway.revision == known:
        return WantedByAgent(gateway.revision, address, [], wanted_dials).as_json()
    ssh = [] if dials is None else [WantedSsh(str(one.pk), one.host) for one in gateway.ssh_targets.all()]
    return WantedByAgent(gateway.revision, address, _wishes_of(tunnels), wanted_dials, ssh).as_json()


def _dials(pk: int, dials: list[int]) -> list[WantedDial]:
    fresh = _fresh(pk, dials).order_by("pk")
    return [WantedDial(dial.pk, dial.target_id, dial.ticket("agent"), dial.trial_word) for dial in fresh]


def _wishes_of(tunnels: Iterable[Tunnel]) -> list[WantedTunnel]:
    """Leave out a tunnel that cannot be described to the agent, so that it stays shut: its allow-list may be what is wrong."""
    failures, wishes = Failures("tunnels").read(), []
    for tunnel in tunnels:
        with failures.at(tunnel.pk, holder=tunnel.holder):
            wishes.append(_wish(tunnel))
    return wishes


def _wish(tunnel: Tunnel) -> WantedTunnel:
    is_held = tunnel.wanted == Wanted.HELD
    return WantedTunnel(
        id=str(tunnel.pk),
        port=tunnel.port,
        host=tunnel.target_host,
        target_port=tunnel.reach_port or tunnel.target_port,
        scheme=tunnel.scheme,
        allow=tunnel.allow,
        since=tunnel.wanted_revision,
        probe=tunnel.answered_at is None and not is_held,
        hold=is_held,
        # Also while it opens: who comes a moment too early waits as well.
        knock=wake_rules.all_knockers(tunnel.knock, tunnel.allow) if is_held or tunnel.answered_at is None else [],
    )


@for_agents("POST")
async def report(request: HttpRequest, gateway: Gateway) -> HttpResponse:
    """Take the agent's report: what is open, what failed, and what passed through."""
    try:
        received = read_report(request.body)
    except Refusal as refusal:
        return problem(refusal.status, refusal.code, str(refusal))
    await _apply(gateway, received)
    return JsonResponse({"seq": received.seq})


@for_agents("POST")
async def knock(request: HttpRequest, gateway: Gateway) -> HttpResponse:
    """Answer for somebody who waits at a held port: whether it wakes, when, and what to tell the visitor."""
    try:
        tunnel_id, address = wake_rules.read(request.body)
    except Refusal as refusal:
        return problem(refusal.status, refusal.code, str(refusal))
    answer = await _knock(gateway, tunnel_id, address)
    home = settings.PORTAL_URL if answer.wakes else ""
    return JsonResponse(KnockAnswer(answer.wakes, answer.seconds, answer.words, home).as_json())


@sync_to_async
def _knock(gateway: Gateway, tunnel_id: UUID, address: str) -> Answer:
    tunnel = Tunnel.objects.live().filter(gateway=gateway, pk=tunnel_id).first()
    return REFUSED if tunnel is None else answer_knock(tunnel, address, timezone.now())


@sync_to_async
def _apply(gateway: Gateway, received: Report) -> None:
    changed = apply_report(gateway, received, timezone.now())
    for holder in list(changed)[:MOST_RINGS]:
        ring("machines.tasks.advance", holder)
