"""Nodes of the cluster, for administrators; and the work of given computers, for the list of computers."""

from typing import Any

from django.db.models import F, Sum
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from nodes.models import Computer, Node, NodeTie, ServedMonth
from portal import access
from portal.api import donation_shapes, filters, lists
from portal.api import serializers as s
from portal.api.paging import page
from portal.api.request_parts import person
from portal.presenters.given_work import Work, work_of


class NodeOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(help_text="As the cloud calls it.")
    up = serializers.BooleanField(help_text="The cloud heard it lately.")
    enabled = serializers.BooleanField(help_text="It takes new machines.")
    note = serializers.CharField(help_text="Why it is disabled.")
    since = serializers.DateTimeField(allow_null=True, help_text="Since when it is so; null: since it was first seen.")
    heard_at = serializers.DateTimeField(
        allow_null=True, help_text="Its last report, by the cloud's clock; null: not told."
    )
    seen_at = serializers.DateTimeField(help_text="When the portal last looked.")
    vcpus = serializers.IntegerField()
    vcpus_used = serializers.IntegerField()
    ram_mb = serializers.IntegerField(help_text="MiB")
    ram_mb_used = serializers.IntegerField(help_text="MiB")
    load = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Of the last 1, 5 and 15 minutes; null: not told."
    )
    weight = serializers.FloatField(help_text="1: new machines go there as to others; below 0: last.")
    clock_offset = serializers.SerializerMethodField(
        help_text="Seconds by which its clock is ahead; null: not told. Nova does not tell it, so it is null."
    )
    machines = serializers.IntegerField(source="servers", help_text="On it now, by the cloud's count.")
    hours = serializers.SerializerMethodField(help_text="Whole hours in which it was up.")
    computer = serializers.SerializerMethodField(
        help_text="The number of the given computer that it is; '' where nobody said it."
    )
    listed = serializers.BooleanField(help_text="The cloud still has it.")

    def get_clock_offset(self, node: Node) -> float | None:
        return None

    def get_hours(self, node: Node) -> int:
        return int(self.context["seconds"].get(node.pk, 0)) // 3600

    def get_computer(self, node: Node) -> str:
        computer: Computer | None = self.context["computers"].get(node.pk)
        return computer.number if computer else ""


@extend_schema(parameters=lists.PARAMETERS, responses={200: NodeOut(many=True), 400: s.Problem, 403: s.Problem})
@api_view(["GET"])
def nodes(request: Request) -> Response:
    """List the cluster's nodes, by name (administrators)."""
    access.require(person(request), "see", Node)
    found, headers = page(request, Node.objects.all(), "name")
    sums = ServedMonth.objects.filter(node__in=found).order_by().values("node").annotate(all=Sum("seconds"))
    ties = NodeTie.objects.filter(node__in=found, until=None).select_related("computer")
    context = {
        "seconds": {row["node"]: row["all"] for row in sums},
        "computers": {tie.node_id: tie.computer for tie in ties},
    }
    return lists.answer(request, NodeOut(found, many=True, context=context).data, headers)


class ComputerOut(donation_shapes.GivenComputerOut):
    node = serializers.SerializerMethodField(help_text="The name of the node that it is; '' for none.")
    hours = serializers.SerializerMethodField(help_text="Whole hours in service.")
    machines = serializers.SerializerMethodField(help_text="Machines that it carried, each once.")
    people = serializers.SerializerMethodField(help_text="Who had them, each once.")

    def get_node(self, computer: Computer) -> str:
        return str(self.context["nodes"].get(computer.pk, ""))

    def get_hours(self, computer: Computer) -> int:
        return self._work(computer).hours

    def get_machines(self, computer: Computer) -> int:
        return self._work(computer).machines

    def get_people(self, computer: Computer) -> int:
        return self._work(computer).people

    def _work(self, computer: Computer) -> Work:
        found: Work = self.context["work"].of.get(computer.pk, Work())
        return found


@extend_schema(
    parameters=[
        OpenApiParameter("state", str, description=f"{' '.join(donation_shapes.STATES)}; several with commas between."),
        *lists.PARAMETERS,
    ],
    responses={200: ComputerOut(many=True), 400: s.Problem},
)
@api_view(["GET"])
def computers(request: Request) -> Response:
    """List given computers with what they did. The newest first: your own, for administrators all."""
    rows = access.visible(person(request), Computer)
    if states := filters.words(request, "state", donation_shapes.STATES):
        rows = rows.filter(state__in=states)
    found, headers = page(request, rows.select_related("donation").prefetch_related("certificates"), "-pk")
    ties = NodeTie.objects.filter(computer__in=found, until=None).values_list("computer", F("node__name"))
    context = {"nodes": dict(ties), "work": work_of(found)}
    return lists.answer(request, ComputerOut(found, many=True, context=context).data, headers)
