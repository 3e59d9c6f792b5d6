"""Bodies of requests: forms that are taken, bodies that are right, wrong or broken, and the filters of lists."""

import json
from typing import Any

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk1Jt0iH3m6Z8v0vJmU2Y6a2c0mE3vQx1oKf8m7Qm5R"
TEMPLATE = {
    "name": "New",
    "summary": "What for.",
    "image": "linux",
    "flavor": "tiny",
    "services": [{"name": "ssh", "port": 22, "scheme": "ssh"}],
}
# By the end of the address' pattern, so that a prefix may change. The first that fits counts.
FORMS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "/launch/": [("a template", {"template": "lab"}), ("a name, too", {"template": "lab", "name": "Mine"}), ("no such", {"template": "x"})],
    "/rename/": [("a name", {"name": "Another"}), ("a bad one", {"name": "\x07"}), ("one that is taken", {"name": "leaves"})],
    ">/ports/": [("a port", {"port": "8081", "scheme": "http"}), ("a bad one", {"port": "70000", "scheme": "http"}),
               ("ssh's", {"port": "22", "scheme": "tcp"})],
    "/give/": [("until", {"until": "18:30", "reason": "An exam"}), ("a bad hour", {"until": "x"})],
    "/keys/": [("a key", {"public_key": KEY, "name": "Mine"}), ("a bad one", {"public_key": "x"})],
    "/keys/make/": [("a name", {"name": "Mine"})],
    "/tokens/": [("a name", {"name": "Mine"})],
    "/language/": [("Spanish", {"language": "es", "next": "/keys/"}), ("no such", {"language": "xx"})],
    "/time-zone/": [("Quito's", {"time_zone": "America/Guayaquil"}), ("no such", {"time_zone": "x"})],
    "/theme/": [("dark", {"theme": "dark", "next": "/keys/"}), ("no such", {"theme": "x"})],
    "/login/": [("the right password", {"login": "student", "password": "minga"}), ("a wrong one", {"login": "student", "password": "x"}),
                ("by mail", {"login": "donor@example.org", "password": "minga"}), ("deactivated", {"login": "blocked", "password": "minga"})],
    "/signup/": [("somebody", {"username": "new", "email": "new@example.org", "password1": "a-long-one-7", "password2": "a-long-one-7"})],
    "/password/reset/": [("student", {"email": "student@example.org"}), ("nobody", {"email": "x@example.org"}), ("teacher", {"email": "teacher@example.org"})],
    "/password/change/": [("a new one", {"oldpassword": "minga", "password1": "a-long-one-7", "password2": "a-long-one-7"})],
    "/donate/": [
        ("to see whether it helps", {"computer": "0", "c0-kind": "desktop", "c0-bits": "64", "check": "1"}),
        ("one that cannot", {"computer": "0", "c0-kind": "laptop", "c0-cpu": "Pentium 4", "check": "1"}),
        ("another one", {"computer": "0", "c0-kind": "laptop", "add": "1"}),
        ("offered", {"computer": "0", "c0-kind": "desktop", "answers": "helps", "who": "1", "name": "Carlos", "email": "carlos@example.org",
                     "handover": "bring", "offer": "1"}),
        ("without a name", {"computer": "0", "c0-kind": "desktop", "answers": "helps", "who": "1", "offer": "1"}),
    ],
    "/given/again/": [("nobody", {"email": "x@example.org"}), ("wrong", {"email": "x"})],
    "/donating/photos/": [("no such", {"donation": "999999", "photos_of": "1"})],
    "/subscription/": [("no such", {"code": "BCDF-GHJK-LMNP"}), ("wrong", {"code": ""})],
    "/manage/plans/new/": [("nothing", {"title_en": "A", "title_es": "A", "days": "30"})],
    "/donating/monthly/": [("off", {"monthly": "off"}), ("on again", {"monthly": "on"})],
    "/donating/confirm/": [("no such", {"donation": "999999", "answer": "yes"})],
    "<slug:server_id>/": [("to a person", {"person": "student2", "template": "1", "name": "Found"})],
}  # fmt: skip
BODIES_OF_API: dict[str, list[tuple[str, str, Any]]] = {
    "/auth/token/": [("right", "POST", {"username": "student", "password": "minga"}), ("wrong", "POST", {"username": "student", "password": "x"})],
    "/keys/": [("right", "POST", {"name": "Mine", "public_key": KEY}), ("wrong", "POST", {"name": 5, "public_key": "x"})],
    "/keys/make/": [("right", "POST", {"name": "Mine"})],
    "/machines/": [("right", "POST", {"template": "lab", "name": "Mine"}), ("no such", "POST", {"template": "x"}),
                   ("taken", "POST", {"template": "lab", "name": "leaves"}),
                   ("wrong", "POST", {"template": [], "name": 5}), ("with unknown fields", "POST", {"template": "lab", "x": 1})],
    "machines/<uuid:pk>/": [("right", "PATCH", {"name": "Another"}), ("wrong", "PATCH", {"name": ""})],
    ">/ports/": [("right", "POST", {"port": 8081, "scheme": "http"}), ("allowed to one", "POST", {"port": 8081, "allow": ["192.0.2.7"]}),
                 ("wrong", "POST", {"port": 70000, "scheme": "x", "allow": ["x"]})],
    "/templates/": [("right", "POST", TEMPLATE), ("wrong", "POST", {"name": ""})],
    "templates/<slug:slug>/": [("right", "PATCH", {"summary": "Another."}), ("wrong", "PATCH", {"services": [{"name": "x"}]})],
    "/donations/": [("right", "POST", {"name": "Ana", "email": "ana@donors.example.org", "handover": "bring", "computers": [{"kind": "desktop"}]}),
                    ("wrong", "POST", {"name": 5, "email": "x", "handover": "x", "computers": [{"kind": "x"}]})],
    "/intake/": [("no such", "POST", {"code": "K7MQR-2XHB9", "facts": {"version": "1", "ram_mb": 4096}}),
                 ("wrong", "POST", {"code": 5, "facts": []})],
    "/subscriptions/claim/": [("no such", "POST", {"code": "BCDF-GHJK-LMNP"}), ("wrong", "POST", {"code": 5})],
    "/adopt/": [("right", "POST", {"person": "student2", "template": "lab"}), ("nobody", "POST", {"person": "x", "template": "lab"})],
}  # fmt: skip
BROKEN = [("broken", "POST", "{"), ("a list", "POST", "[]"), ("no JSON", "POST", "\xff")]
QUERIES = {
    "/machines/": (
        "?all=true",
        "?bin=true",
        "?limit=2",
        "?name=running",
        "?state=running",
        "?search=run",
        "?cursor=x",
        "?all=x",
    ),
    "/events/": ("?limit=3", "?limit=0", "?limit=x", "?before=20", "?before=x&limit=2"),
    "/servers/": ("?search=lost", "?search=x"),
    "/templates/": ("?all=true", "?search=lab"),
    "/catalog/images/": ("?all=true",),
    "/donations/": ("?state=open", "?state=x", "?donor=ana"),
    "/subscriptions/": ("?state=active,grace", "?state=x"),
    "/computers/": ("?state=offered", "?state=x"),
}


class BODIES:
    """Bodies by the pattern of an address."""

    @staticmethod
    def forms(pattern: str) -> list[tuple[str, dict[str, Any]]]:
        return next((forms for end, forms in FORMS.items() if pattern.endswith(end)), [])

    @staticmethod
    def api(pattern: str) -> list[tuple[str, str, str]]:
        found = next((bodies for end, bodies in BODIES_OF_API.items() if pattern.endswith(end)), [])
        return [(told, method, json.dumps(body)) for told, method, body in found] + (BROKEN if found else [])

    @staticmethod
    def queries(pattern: str) -> tuple[str, ...]:
        return next((queries for end, queries in QUERIES.items() if pattern.endswith(end)), ())
