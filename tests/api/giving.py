"""Computers that are offered by the API, for its tests."""

import json
from typing import Any

from django.test import Client

from nodes.computer_numbers import written
from tests.api.program import Program

PC = {"kind": "desktop", "model": "Dell OptiPlex 7010", "cpu": "Core i5-3470", "ram_mb": 8192, "year": 2013}
OLD = {"kind": "desktop", "model": "Clone", "cpu": "Pentium 4", "ram_mb": 2048}
NOBODYS = written(10**9 - 1)
OFFER = {
    "name": "Lucía Paz",
    "email": "lucia@example.org",
    "organisation": "Colegio Mejía",
    "handover": "bring",
    "message": "From Monday on.",
}


def offer(*computers: Any, program: Program | None = None, **changes: Any) -> Any:
    sent = {**OFFER, "computers": list(computers or [PC, OLD]), **changes}
    if program:
        return program.ask("POST", "donations/", sent)
    return Client().post("/api/v1/donations/", json.dumps(sent), content_type="application/json")


def step(office: Program, number: str, name: str, **more: Any) -> Any:
    return office.ask("POST", f"donations/{number}/steps/", {"step": name, **more})
