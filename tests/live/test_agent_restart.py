"""Shell and files of a machine that only the agent reaches: what its page is told when the agent is killed, and after its next start."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from courses.models import Template
from machines import portal_keys
from machines.host_keys import disk_of
from machines.models import Machine, PortalKey
from tests.live.files.files_caller import Caller
from tests.live.terminals import guest_stage
from tests.machines.idle.guest import can_run, openssh
from tests.machines.sealed import give_keys
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage
from tests.waiting import until
from tunnels.models import Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for a home of its own"),
]
CONTENT = os.urandom(300_000)


@pytest.fixture
def machine(stage: DialStage, tmp_path: Path, settings: Any) -> Iterator[Machine]:
    """A machine whose guest knows the portal's key, behind a tunnel."""
    give_keys(settings, tmp_path)
    settings.CSRF_TRUSTED_ORIGINS = [stage.live.url]
    with openssh(tmp_path, "", home=tmp_path / "home") as port:
        made = stage.machine(stage.tunnel(port))
        Tunnel.objects.update(scheme="ssh")
        Template.objects.update(login="root")
        Machine.objects.update(server_id="server")
        made.refresh_from_db()
        (tmp_path / "home" / ".ssh" / "authorized_keys").write_text(portal_keys.line_for(made.pk, 0) + "\n")
        portal_keys.given(disk_of(made), 0)
        PortalKey.objects.update(put_in_at=timezone.now())
        yield made
        guest_stage.let_go(stage.live)


def test_what_the_agent_cuts_may_be_tried_again_and_goes_on(
    stage: DialStage, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = guest_stage.view(stage.live, machine, stage.student)
    is_tmux = view.opens()["survives"]
    view.type("HERE=$((6*7)); echo [$HERE]\n")
    view.shows("[42]")
    page = Caller(stage.live, machine.pk, stage.student)
    assert page.put("photo", CONTENT[:100_000], 0, len(CONTENT)).status == 202
    stage.agent.kill()
    assert (view.ends(), view.of("end")[-1]["again"]) == ((4002, "lost"), True)
    with monkeypatch.context() as impatient:
        impatient.setattr("portal.live.guest_connections.SECONDS", 1.0)
        assert page.put("photo", CONTENT[100_000:], 100_000, len(CONTENT)).status == 503
    stage.agent.start()
    until(lambda: page.put("photo", CONTENT[100_000:], 100_000, len(CONTENT)).status == 201, "the upload goes on")
    assert (tmp_path / "home" / "photo").read_bytes() == CONTENT
    again = guest_stage.view(stage.live, machine, stage.student)
    assert again.opens()["survives"] == is_tmux
    again.type("echo now-[$HERE]\n")
    again.shows("now-[42]" if is_tmux else "now-[]")
    for one in (view, again):
        one.close()
