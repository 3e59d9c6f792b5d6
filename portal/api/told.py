"""Rows as the API tells them."""

from typing import Any

from accounts.models import SshKey, User
from machines.models import Event
from machines.offers import Offer
from portal import access
from portal.presenters.machine_card import Door, Shown
from quotas.actions import Usage


def machine(shown: Shown, reader: User) -> dict[str, Any]:
    """For serializers.MachineOut. What the cloud itself says is for staff."""
    row = shown.machine
    return {
        "id": row.pk, "name": row.name, "template": row.template.slug, "owner": row.owner.username, "state": row.state_on_the_way, "wanted": row.wanted,
        "settled": row.is_settled, "progress": shown.progress.percent, "note": shown.sentence, "actions": _verbs(shown, reader),
        "access": [way_in(door) for door in shown.doors] if row.state != "gone" else [],
        "vnc_password": shown.screen_password, "created_at": row.created_at, "ready_at": row.ready_at, "binned_at": row.binned_at,
        "ready": shown.is_ready, "setup": _setup(shown), "refused": _refused(shown, reader),
        "vanished": row.vanished, "cloud_says": row.cloud_fault if access.may(reader, "see_faults", row) else "",
    }  # fmt: skip


def _verbs(shown: Shown, reader: User) -> list[str]:
    return sorted(shown.verbs | set(shown.admin_buttons if access.administers(reader) else ()))


def _setup(shown: Shown) -> dict[str, str] | None:
    """For serializers.Setup."""
    row = shown.machine
    return {"state": row.setup, "line": row.setup_fault or row.setup_line} if row.setup else None


def _refused(shown: Shown, reader: User) -> dict[str, str] | None:
    """For serializers.Refused: the owner's, and for administrators theirs as well."""
    row = shown.machine
    if not row.refused or (shown.is_refused_to_admins and not access.administers(reader)):
        return None
    return {"what": row.refused, "note": str(row.refusal)}


def way_in(door: Door) -> dict[str, Any]:
    """For serializers.Access."""
    tunnel = door.tunnel
    is_ssh, is_web = tunnel.scheme == "ssh", tunnel.scheme in ("http", "https")
    return {
        "id": tunnel.pk, "service": tunnel.service, "scheme": tunnel.scheme, "host": door.host, "port": door.port,
        "user": door.user if is_ssh else "", "state": door.state, "answers": door.answers, "note": str(tunnel.note), "target_port": tunnel.target_port,
        "extra": tunnel.extra, "command": door.ssh_line if is_ssh else "", "url": door.url if is_web else "",
    }  # fmt: skip


def offer(told: Offer, failures: tuple[int, str] = (0, "")) -> dict[str, Any]:
    """For serializers.TemplateOut. failures: of first boots."""
    t = told.template
    return {
        "id": t.pk, "slug": t.slug, "name": t.title, "summary": t.blurb, "icon": t.icon, "size": t.flavor, "services": t.services,
        "published": t.published, "author": t.created_by.username if t.created_by else "",
        "retired": t.retired_at is not None, "idle": t.idle, "fits": told.why_not is None, "waits": told.waits, "why_not": str(told.why_not or ""),
        "setup_failures": failures[0], "setup_fault": failures[1],
    }  # fmt: skip


def key(row: SshKey) -> dict[str, Any]:
    """For serializers.KeyOut."""
    return {
        "id": row.pk,
        "name": row.name,
        "public_key": row.public_key,
        "fingerprint": row.fingerprint,
        "created_at": row.created_at,
    }


def quota(usage: Usage) -> dict[str, Any]:
    """For serializers.Quota."""
    return {measure: {"used": g.used, "limit": g.limit, "left": g.left} for measure, _label, g, _unit in usage.gauges()}


def event(row: Event) -> dict[str, Any]:
    """For serializers.EventOut."""
    return {
        "id": row.pk, "machine": row.machine_id, "at": row.at, "kind": row.kind, "by": row.by.username if row.by else "",
        "state": row.to_state, "note": str(row.note),
    }  # fmt: skip
