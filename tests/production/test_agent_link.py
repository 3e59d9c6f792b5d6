"""/readyz and /metrics tell whether the agent is connected to its gateway, and why not."""

import pytest

from tests.production.compose_site import TOKEN, Site, until
from tests.production.gateway_vps import SSHD, Vps

pytestmark = pytest.mark.skipif(not SSHD, reason="no sshd on this computer to stand in for the VPS")


def agents_say(site: Site, state: str, why: str = "") -> bool:
    part = site.part("agents")
    return (part["state"], part.get("why", "")) == (state, why)


def test_without_a_gateway_agents_are_not_well(site: Site) -> None:
    assert agents_say(site, "degraded", "no gateway is enabled")


def test_a_gateway_whose_name_is_not_known_is_told_with_the_reason(site: Site, vps: Vps) -> None:
    """The agent is healthy and heard all the while: it is the gateway that it does not reach."""
    vps.make_known("no-such-gateway.invalid")
    site.compose("up", "--detach", "agent")
    why = "1 of 1 not connected to its gateway (its name is not known)"
    until(lambda: agents_say(site, "degraded", why), "/readyz names the reason", 60)
    assert site.get("/readyz").status_code == 200


def test_metrics_name_the_gateway(site: Site) -> None:
    line = 'minga_gateway_link{gateway="vps1",state="unknown_name"} 1.0'
    until(lambda: line in site.get("/metrics", Authorization=f"Bearer {TOKEN}").text, "the gauge shows it", 60)


def test_a_gateway_that_lets_the_agent_in_is_well(site: Site, vps: Vps) -> None:
    vps.make_known(vps.address)
    site.compose("restart", "agent")  # it has a new token
    until(lambda: agents_say(site, "ok"), "/readyz is content", 60)


def test_a_gateway_that_goes_is_told(site: Site, vps: Vps) -> None:
    vps.stop()
    why = "1 of 1 not connected to its gateway (it does not answer)"
    until(lambda: agents_say(site, "degraded", why), "/readyz says so", 60)
    vps.start()
    until(lambda: agents_say(site, "ok"), "and that it is back", 60)


def test_the_agent_may_hold_many_visitors(site: Site) -> None:
    assert site.files_of("agent") == [16384, 16384]


def test_the_agents_log_is_json_as_the_others(site: Site) -> None:
    lines, others = site.lines("agent")
    assert others == []
    assert {line["logger"] for line in lines} == {"agent"}
    assert any("Name or service not known" in line["message"] for line in lines)


def test_the_agent_does_not_run_as_root_and_has_no_secret_of_the_portals(site: Site) -> None:
    environment = site.container("agent")["Config"]["Env"]
    assert [line for line in environment if "PASSWORD" in line or "SECRET" in line or line.startswith("OS_")] == []
