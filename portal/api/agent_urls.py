"""Addresses under /agent/v1/."""

from django.urls import path

from portal.api import agent

urlpatterns = [
    path("wanted", agent.wanted, name="agent-wanted"),
    path("report", agent.report, name="agent-report"),
    path("knock", agent.knock, name="agent-knock"),
]
