"""Machines are put on the network that is meant, whatever students call theirs."""

from typing import Any, cast

import pytest

from cloud.contract import CloudRefused
from cloud.openstack import cluster
from cloud.openstack.client import Client
from tests.cloud.scripted import NETWORK, ScriptedClient

OURS = {**NETWORK, "id": "id-of-ours", "name": "lab"}


def chosen(wish: str, *networks: dict[str, Any]) -> str:
    client = ScriptedClient()
    client.answers["/networks"] = {"networks": list(networks)}
    return str(cluster.network(cast("Client", client), wish)["id"])


@pytest.mark.parametrize("wish", ["", "lab", "id-of-ours"])
@pytest.mark.parametrize("name", ["lab", "id-of-ours"])
def test_a_student_s_network_of_its_name_never_takes_its_place(wish: str, name: str) -> None:
    theirs = {**NETWORK, "id": "id-of-theirs", "name": name, "shared": False}
    assert chosen(wish, theirs, OURS) == "id-of-ours"


def test_two_shared_ones_of_one_name_are_told_apart_by_a_person() -> None:
    with pytest.raises(CloudRefused, match="2 networks are called so"):
        chosen("lab", OURS, {**OURS, "id": "second"})
