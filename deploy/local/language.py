"""Find what a program can hold of the house's language: openings of docstrings, lengths, file names that stand twice."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from deploy.local import file_names

FILE_LINES, FUNCTION_LINES, TEMPLATE_COLUMNS = 300, 30, 120
GENERATED = "clients/python/minga_client/models.py"  # nobody reads it from top to bottom
TEMPLATES = "templates"
# These lean on what the reader has not read yet: a docstring names its subject.
BARE = frozenset({
    "it", "it's", "its", "that", "their", "them", "these", "they", "this", "those", "one", "one's", "of", "on",
    "what", "whatever", "which", "who", "whoever", "whom", "whose", "at", "by", "in", "before", "until", "between", "while",
    "how", "why", "where", "whether", "there", "our", "my", "your", "such", "others", "somebody", "someone", "nobody", "everybody", "everyone",
    "after", "as", "during", "for", "from", "like", "since", "through", "to", "under", "with", "within", "without",
})  # fmt: skip
FIRST_WORD = re.compile(r"[\w'’]*")


class Fault(NamedTuple):
    """A breach of one rule, with the line where it stands and what to do about it."""

    rule: str
    path: str
    line: int
    advice: str


def faults(root: Path) -> list[str]:
    """Return a sentence for each fault."""
    paths = file_names.modules(root)
    found = [fault for path in paths for fault in of_module(path, (root / path).read_text())]
    found += of_templates(root)
    return [*(f"{fault.path}:{fault.line}: {fault.advice}" for fault in found), *file_names.faults(paths)]


def of_module(path: str, source: str) -> Iterator[Fault]:
    """Yield the faults of one Python module."""
    if (lines := source.count("\n")) > FILE_LINES and path != GENERATED:
        yield Fault(
            "long file", path, FILE_LINES, f"it has {lines} lines. Split it by meaning; {FILE_LINES} are allowed."
        )
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _of_length(path, node)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _of_docstring(path, node)


def _of_length(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Fault]:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > FUNCTION_LINES:
        advice = f"{node.name} has {lines} lines. Split it by meaning; {FUNCTION_LINES} are allowed."
        yield Fault("long function", path, node.lineno, advice)


def _of_docstring(
    path: str, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[Fault]:
    word = FIRST_WORD.match((ast.get_docstring(node) or "").lstrip())
    if word and word[0].lower().replace("’", "'") in BARE:
        advice = f"a docstring opens with a bare “{word[0]}”. Name the subject, or say in the imperative what is done."
        yield Fault("docstring", path, node.body[0].lineno, advice)


def of_templates(root: Path) -> Iterator[Fault]:
    """Yield the lines of templates that are too long."""
    for path in sorted(path for path in (root / TEMPLATES).rglob("*") if path.is_file()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > TEMPLATE_COLUMNS:
                advice = f"a line of {len(line)} characters. Break it; {TEMPLATE_COLUMNS} are allowed."
                yield Fault("template line", str(path.relative_to(root)), number, advice)
