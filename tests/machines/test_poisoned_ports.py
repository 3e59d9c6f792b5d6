"""A poisoned row is first in the loops of ports and of images: the one behind it is dealt with."""

import uuid

from django.test import Client

from accounts.models import RowFailure, User
from catalog import actions as catalog
from catalog.models import Image
from cloud import contract
from tests.tunnels.gateway_rows import TOKEN, gateway, opened, states, tell
from tunnels.models import Tunnel


def failed(loop: str) -> list[tuple[uuid.UUID | None, int]]:
    """Return the machines whose rows failed, and how often each."""
    return list(RowFailure.objects.filter(loop=loop).values_list("holder", "fails"))


def test_a_port_that_cannot_be_told_is_left_out(student: User, client: Client) -> None:
    gateway()
    first, second = opened(student), opened(student)
    Tunnel.objects.filter(holder=first).update(allow=["nowhere"])
    told = client.get("/agent/v1/wanted", headers={"Authorization": f"Bearer {TOKEN}-gate"})
    assert {one["id"] for one in told.json()["tunnels"]} == {str(t.pk) for t in Tunnel.objects.filter(holder=second)}
    assert failed("tunnels") == [(first, 1), (first, 1)]  # both of its ports


def test_ports_that_can_be_told_leave_the_count_of_what_cannot_be_held(student: User, client: Client) -> None:
    gateway()
    RowFailure.objects.create(loop="tunnels", key=str(opened(student)), fails=4)
    client.get("/agent/v1/wanted", headers={"Authorization": f"Bearer {TOKEN}-gate"})
    assert RowFailure.objects.get().fails == 4


def test_a_port_that_cannot_go_where_its_report_says(student: User) -> None:
    gate = gateway()
    first, second = opened(student), opened(student)
    Tunnel.objects.filter(holder=first).update(state="held")
    assert tell(gate) == {second}
    assert (states(first), states(second)) == (["held", "held"], ["open", "open"])
    assert failed("reports") == [(first, 1), (first, 1)]  # both of its ports


def test_an_image_that_has_no_name(db: None) -> None:
    nameless = contract.Image("bad", None, ready=True)  # type: ignore[arg-type]
    catalog.take_over(images=[nameless, contract.Image("good", "debian", ready=True)], flavors=[])
    assert list(Image.objects.values_list("cloud_id", flat=True)) == ["good"]
    assert RowFailure.objects.get().loop == "catalog"
