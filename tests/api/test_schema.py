"""The schema is valid and complete, and its page shows itself to everybody."""

from django.core.management import call_command
from django.test import Client


def test_the_schema_is_valid_without_a_warning(tmp_path: object) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", f"{tmp_path}/schema.yml")


def test_schema_and_docs_need_no_sign_in(client: Client, db: None) -> None:
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"https://cdn" not in page.content
