"""make check finds openings of docstrings that lean on nothing, what is too long, and file names that stand twice."""

from pathlib import Path

import pytest

from deploy.local import file_names, language
from deploy.local.language import Fault

LONG = "    pass\n" * language.FUNCTION_LINES
BARE = ["It waits.", "Its owner.", "Those of a kind.", "One of many.", "Of the last list.", "On a full disk it waits.",
        "What the agent says.", "Who may come in.", "Whoever asks.", "Whatever happens.", "Whether it waits.", "It's late.", "it waits.",
        "How it waits.", "Our own list.", "Somebody waits.", "During a pause.", "Without a key."]  # fmt: skip
NAMED = [
    "Wait for it.",
    "The one that waits.",
    "Once a minute.",
    "An owner.",
    "Only what is new.",
    "Forget it.",
    "Toggle it.",
]


def found(source: str) -> list[Fault]:
    return list(language.of_module("app/thing.py", source))


@pytest.mark.parametrize("opening", BARE)
@pytest.mark.parametrize(
    "place",
    [
        '"""{}"""\n',
        'def f():\n    """{}"""\n',
        'class C:\n    """{}"""\n',
        'async def f():\n    """\n    {}\n    """\n',
    ],
)
def test_a_docstring_that_opens_with_a_bare_word_is_found(place: str, opening: str) -> None:
    [fault] = found(place.format(opening))
    assert (fault.rule, fault.path, opening.split()[0] in fault.advice) == ("docstring", "app/thing.py", True)


@pytest.mark.parametrize("opening", NAMED)
def test_a_docstring_that_names_its_subject_is_not(opening: str) -> None:
    assert found(f'"""{opening}"""\n') == []


def test_a_function_that_is_too_long_is_found_at_its_line() -> None:
    [fault] = found(f"x = 1\n\n\ndef f():\n{LONG}")
    assert (fault.rule, fault.line) == ("long function", 4)


def test_a_function_of_the_allowed_length_is_not() -> None:
    assert found(f"@decorated\ndef f():\n{LONG.removesuffix('    pass' + chr(10))}") == []


@pytest.mark.parametrize(("lines", "rules"), [(language.FILE_LINES, []), (language.FILE_LINES + 1, ["long file"])])
def test_a_file_that_is_too_long_is_found(lines: int, rules: list[str]) -> None:
    assert [fault.rule for fault in found("x = 1\n" * lines)] == rules


@pytest.mark.parametrize(("columns", "lines"), [(language.TEMPLATE_COLUMNS, []), (language.TEMPLATE_COLUMNS + 1, [2])])
def test_a_line_of_a_template_that_is_too_long_is_found(tmp_path: Path, columns: int, lines: list[int]) -> None:
    (tmp_path / "templates" / "deeper").mkdir(parents=True)
    (tmp_path / "templates" / "deeper" / "page.html").write_text(f"<p>\n{'é' * columns}\n")
    assert [fault.line for fault in language.of_templates(tmp_path)] == lines


# ---- file names ----


def of_names(*paths: str) -> list[str]:
    """Return the sentences on these files beside those that have a reason to stand twice."""
    given = [
        f"{folder}/{name}.py" for name, (folders, _reason) in file_names.DOUBLES.items() for folder in folders.split()
    ]
    return file_names.faults([*given, *paths])


@pytest.mark.parametrize(
    "paths",
    [
        ("machines/words.py", "machines/idle/words.py"),  # in one app
        ("machines/words.py", "quotas/words.py"),
        ("machines/idle/actions.py", "machines/actions.py"),  # an app has one
        ("tunnels/images.py",),  # a third, beside two that have a reason
        ("portal/views/words.py", "portal/words.py"),
        ("tests/machines/world.py", "tests/openstack/world.py"),
        ("tests/machines/test_sweep.py", "tests/machines/idle/test_sweep.py"),
        ("bench/idle.py", "bench/wiretap/idle.py"),
    ],
)
def test_a_name_that_stands_twice_is_found(paths: tuple[str, ...]) -> None:
    [sentence] = of_names(*paths)
    assert all(str(Path(path).parent) in sentence for path in paths)


@pytest.mark.parametrize(
    "paths",
    [
        ("machines/actions.py", "quotas/actions.py"),
        ("machines/__init__.py", "quotas/__init__.py"),
        ("portal/views/machines.py", "portal/api/machines.py"),
        ("portal/management/commands/idle.py", "machines/models/idle.py"),
        ("tests/api/test_machines.py", "tests/pages/test_machines.py"),
        ("bench/idle.py", "machines/idle.py", "tests/idle.py", "clients/python/idle.py"),
    ],
)
def test_a_name_that_stands_twice_on_purpose_is_not(paths: tuple[str, ...]) -> None:
    assert of_names(*paths) == []


def test_a_reason_that_nothing_needs_any_more_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_names, "DOUBLES", {"gone": ("machines quotas", "for the test")})
    [sentence] = file_names.faults(["machines/gone.py"])
    assert "gone.py does not stand in quotas any more" in sentence


# ---- all of it ----


def test_a_planted_fault_is_told_with_its_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_names, "DOUBLES", {})
    for folder in ("machines", ".venv", "node_modules", "machines/migrations"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "planted.py").write_text('"""It leans."""\n')
    [sentence] = language.faults(tmp_path)
    assert sentence.startswith("machines/planted.py:1: a docstring opens with a bare “It”")
