"""Templates, keys, quota, the schema."""

import io
import json
import re
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test import Client

from tests.api.program import Program
from tests.factories import make_gateway, make_machine, make_template

CARD = {
    "name": "Web", "summary": "For pages.", "image": "image-1", "flavor": "flavor-1", "services": [{"name": "ssh", "port": 22, "scheme": "ssh"}],
}  # fmt: skip


def test_a_person_reads_all_their_roles(student: Any) -> None:
    student.roles = ["donor", "teacher"]
    student.save()
    told = Program(student).ask("GET", "me/").json()
    assert told == {"username": "student", "roles": ["donor", "teacher"], "role": "teacher"}


def test_a_superuser_reads_that_they_are_an_administrator(student: Any) -> None:
    student.is_superuser = True
    student.save()
    told = Program(student).ask("GET", "me/").json()
    assert told == {"username": "student", "roles": ["admin", "student"], "role": "admin"}


def test_a_template_says_that_it_does_not_fit_and_why(api: Any) -> None:
    make_template()
    [told] = api.ask("GET", "templates/").json()
    assert (told["slug"], told["fits"], bool(told["why_not"])) == ("lab", False, True)


def test_the_template_of_the_api_page_is_taken_as_it_stands(teacher: Any) -> None:
    make_template()
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    part = page.partition("\n## Make a template\n")[2].partition("\n## ")[0]
    [example] = re.findall(r"^```json\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    made = Program(teacher).ask("POST", "templates/", {**json.loads(example), "image": "image-1", "flavor": "flavor-1"})
    assert made.status_code == 201, made.json()


def test_a_teacher_makes_changes_and_retires_a_template(teacher: Any, api: Any) -> None:
    make_template()
    program = Program(teacher)
    made = program.ask("POST", "templates/", CARD)
    assert made.status_code == 201, made.json()
    address = f"templates/{made.json()['slug']}/"
    assert program.ask("PATCH", address, {"name": "Pages"}).json()["name"] == "Pages"
    assert program.ask("PATCH", address, {"idle": {"idle_minutes": 90}}).json()["idle"] == {"idle_minutes": 90}
    wrong = program.ask("PATCH", address, {"idle": {"idle_minutes": 1}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_policy")
    assert program.ask("DELETE", address).status_code == 204
    assert api.ask("GET", address).status_code == 404


def test_a_student_may_not_make_or_change_one(api: Any) -> None:
    make_template()
    replies = [
        api.ask("POST", "templates/", CARD),
        api.ask("PATCH", "templates/lab/", {"name": "x"}),
        api.ask("DELETE", "templates/lab/"),
    ]
    assert [(r.status_code, r.json()["code"]) for r in replies] == [(403, "forbidden")] * 3


def test_a_key_is_made_its_private_half_told_once_and_it_is_removed(api: Any) -> None:
    made = api.ask("POST", "keys/make/", {"name": "laptop"})
    assert (made.status_code, made.json()["private_key"][:35]) == (201, "-----BEGIN OPENSSH PRIVATE KEY-----")
    [listed] = api.ask("GET", "keys/").json()
    assert "private_key" not in listed
    assert api.ask("DELETE", f"keys/{listed['id']}/").status_code == 204


def test_a_pasted_key_is_kept_once(api: Any, student2: Any) -> None:
    public = Program(student2).ask("POST", "keys/make/", {}).json()["public_key"]
    sent = {"name": "home", "public_key": public}
    assert api.ask("POST", "keys/", sent).status_code == 201
    assert api.ask("POST", "keys/", sent).json()["code"] == "duplicate_key"


def test_the_quota_tells_used_limit_and_left(api: Any) -> None:
    make_machine(api.user)
    assert api.ask("GET", "quota/").json()["machines"] == {"used": 1, "limit": 10, "left": 9}


def test_the_schema_is_valid_and_warns_of_nothing(db: None) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def schema() -> Any:
    return Client().get("/api/schema/", {"format": "json"}, headers={"accept": "application/json"}).json()


def test_every_refusal_is_in_the_schema_as_a_problem(db: None) -> None:
    whole = schema()
    kinds = [
        (path, method, status, answer.get("content", {}).get("application/problem+json", {}).get("schema"))
        for path, operations in whole["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if status.startswith("4")
    ]
    assert [kind for kind in kinds if kind[3] != {"$ref": "#/components/schemas/Problem"}] == []
    assert {status for path, method, status, _schema in kinds if (path, method) == ("/api/v1/machines/", "post")} >= {
        "400", "401", "409", "413", "429",
    }  # fmt: skip


def test_a_field_that_goes_with_the_next_version_is_marked(db: None) -> None:
    """A program that was written for `role` is warned by its own tools: `roles` took its place."""
    fields = schema()["components"]["schemas"]["Me"]["properties"]
    assert [name for name, facts in fields.items() if facts.get("deprecated")] == ["role"]


def test_every_operation_tells_what_any_of_them_may_meet(db: None) -> None:
    for path, operations in schema()["paths"].items():
        for method, operation in operations.items():
            assert {"401", "404", "429", "503"} <= set(operation["responses"]), (method, path)
            assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_every_list_has_pages_and_a_tag_in_the_schema(db: None) -> None:
    lists = {
        path: operations["get"]
        for path, operations in schema()["paths"].items()
        if "get" in operations and "array" in str(operations["get"]["responses"].get("200", {}).get("content"))
    }
    assert len(lists) == 24
    for path, operation in lists.items():
        assert {"limit", "cursor", "If-None-Match"} <= {each["name"] for each in operation["parameters"]}, path
        assert set(operation["responses"]["200"]["headers"]) == {"ETag", "Link"}, path
        assert {"304", "400"} <= set(operation["responses"]), path


def test_a_real_refusal_is_what_the_schema_says(api: Any) -> None:
    answer = api.ask("POST", "machines/", {"template": []})
    known = schema()["components"]["schemas"]["Problem"]
    assert answer["Content-Type"] == "application/problem+json"
    assert set(known["required"]) <= set(answer.json()) <= set(known["properties"])


def test_the_docs_page_needs_no_other_computer_and_no_inline_script(db: None) -> None:
    make_gateway()
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert "https://" not in page.content.decode()
    assert b"<script>" not in page.content
    assert "script-src" not in page["Content-Security-Policy"]
    assert Client().get("/api/docs/?script=").status_code == 200
    assert Client().get("/api/schema/").status_code == 200
