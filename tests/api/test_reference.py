"""The page /api/docs/: every operation has its sentence, its own place and a line to copy."""

import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from portal.api.reference import Operation, arranged, reference
from portal.templatetags.minga import foldable

MINIMAL: dict[str, Any] = {
    "paths": {
        "/api/v1/cups/{id}/": {
            "post": {
                "operationId": "cups_fill",
                "summary": "Fill a cup.",
                "description": "Fill a cup. Once.",
                "tags": ["cups"],
                "security": [{"token": []}],
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fill"}}}},
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Cup"}}}}},
                    "409": {"description": "Full.", "content": {}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Fill": {"properties": {"with": {"$ref": "#/components/schemas/Drink"}, "often": {"type": "integer"}}, "required": ["with"]},
            "Drink": {"enum": ["tea", "water"]},
            "Cup": {"properties": {"holds": {"allOf": [{"$ref": "#/components/schemas/Drink"}], "nullable": True}}},
            "Problem": {"properties": {"code": {"type": "string"}}},
            "Unused": {"properties": {}},
        }
    },
}  # fmt: skip


def operations() -> list[Operation]:
    return [operation for group in reference().groups for operation in group.operations]


def test_every_operation_has_a_sentence_of_its_own() -> None:
    """Hold that a view of several methods has a description in the `extend_schema` of each, or all have the docstring's."""
    said = Counter(operation.summary for operation in operations())
    assert [sentence for sentence, times in said.items() if times > 1 or not re.fullmatch(r"[A-Z].*\.", sentence)] == []


def test_the_sentence_is_of_the_method() -> None:
    readers = ("List", "Show", "Download")
    wrong = [each.id for each in operations() if each.summary.startswith(readers) != (each.method == "GET")]
    assert wrong == []


def test_the_schema_has_them_too() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert schema["paths"]["/api/v1/keys/"]["post"]["summary"] == "Add an SSH key."


def test_a_line_to_copy_has_what_the_operation_needs() -> None:
    [fill] = arranged(MINIMAL).groups[0].operations
    assert fill.curl == (
        "curl -sSf -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json'"
        ' -d \'{"with": "tea"}\' "$MINGA_URL/api/v1/cups/{id}/"'
    )


def test_a_sign_in_needs_no_token() -> None:
    [sign_in] = [each for each in operations() if (each.method, each.path) == ("POST", "/api/v1/auth/token/")]
    assert "$TOKEN" not in sign_in.curl


def test_shapes_are_those_that_something_takes_or_answers() -> None:
    arrangement = arranged(MINIMAL)
    [fill] = arrangement.groups[0].operations
    assert [shape.name for shape in arrangement.shapes] == ["Cup", "Drink", "Problem"]
    assert [(each.name, each.type, each.needed) for each in fill.body] == [
        ("with", "Drink", True),
        ("often", "integer", False),
    ]
    assert [(each.shape, each.is_list) for each in fill.answers] == [("Cup", True)]
    assert [each.status for each in fill.refusals] == ["409"]


@pytest.fixture
def page(db: None) -> str:
    return Client(headers={"accept-language": "es"}).get("/api/docs/").content.decode()


def test_the_page_has_every_operation_and_shape_once(page: str) -> None:
    ids = re.findall(r' id="([^"]+)"', page)
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert {operation.id for operation in operations()} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_page_obeys_our_csp_and_says_what_is_english(page: str) -> None:
    assert not re.search(r"\sstyle=|<script>|\son\w+=", page)
    assert '<article class="stack" lang="en">' in page
    assert "En esta página" in page


def test_a_path_breaks_after_a_slash() -> None:
    """A narrow screen would break it within a word."""
    assert foldable("/api/v1/keys/{id}/") == "/<wbr>api/<wbr>v1/<wbr>keys/<wbr>{id}/<wbr>"
    assert foldable("<b>/") == "&lt;b&gt;/<wbr>"
