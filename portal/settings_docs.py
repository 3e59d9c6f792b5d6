"""Write docs/admin/settings.md in both languages, and .env.example, from the table of settings: `python -m portal.settings_docs`."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from lib.environment import Variable
from lib.written_pages import DOCS, LANGUAGES, ROOT, WIDTH, Language, table
from portal.settings_table import SECTIONS, Reader, Section

PAGE = Path("admin/settings.md")
TITLE = "Settings"
INTRO = (
    "Every setting is an environment variable. With compose and systemd it stands in a file (docs/admin/install.md), which begins as a copy of "
    "`.env.example`; for `make run` say it before the command. A wrong value stops the start with a sentence that names the variable.",
    "This page is written from `portal/settings_table.py` by `python -m portal.settings_docs`.",
)
HEADS = ("name", "unit or values", "default", "what")
EXAMPLE_HEAD = """\
# Minga's settings in production. Copy it (install.md says where to), fill it in, chmod 600.
# A line that begins with # is a default or not needed: leave it so, or take the # away and change it. An empty value
# (NAME=) is not the same as no value: do not leave a name with nothing behind it.
# The compose file takes it as .env, the systemd units as /etc/minga/minga.env. docs/admin/settings.md has the same as a page.
# Written from portal/settings_table.py by `python -m portal.settings_docs`.
"""
# Without these an installation does not work, or answers nobody.
FILLED_IN = {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HTTPS", "OS_CLOUD", "AGENT_ADDRESSES"}
READERS: dict[Reader, str] = {
    "minga": "",
    "deploy": "",
    "compose": "Read by docker-compose.yml.",
    "openstack": "Read by openstacksdk.",
    "trial": "`make run` sets most of them itself. They are not in `.env.example`.",
}


def page(language: Language) -> str:
    """Return the page of all settings."""
    head = [f"# {language.translate(TITLE)}", *map(language.paragraph, INTRO)]
    text = "\n\n".join([*head, *(_section_of_page(section, language) for section in SECTIONS)]) + "\n"
    return re.sub(r"docs/admin/([\w-]+\.md)", lambda found: _link(found[1], language), text)


def _link(name: str, language: Language) -> str:
    return f"[{name}]({language.link(DOCS / PAGE.parent / name, PAGE)})"


def _section_of_page(section: Section, language: Language) -> str:
    words = " ".join(language.translate(text) for text in (READERS[section.reader], section.intro) if text)
    rows = [_row(variable, language) for variable in section.variables]
    parts = [f"## {language.translate(section.title)}", words, table(map(language.translate, HEADS), rows)]
    return "\n\n".join(part for part in parts if part)


def _row(variable: Variable, language: Language) -> list[str]:
    what = " ".join(language.translate(text) for text in (variable.doc, variable.note) if text)
    return [f"`{variable.name}`", language.translate(variable.kind.unit or "text"), _default(variable, language), what]


def _default(variable: Variable, language: Language) -> str:
    if variable.required or variable.otherwise:
        return language.translate("must be set" if variable.required else variable.otherwise)
    return f"`{variable.default}`" if variable.default else language.translate("empty")


def example() -> str:
    """Return .env.example: what is for a trial only is left out."""
    return EXAMPLE_HEAD + "".join(_section_of_example(section) for section in SECTIONS if section.reader != "trial")


def _section_of_example(section: Section) -> str:
    head = f"\n# ---- {section.title} ----\n" + "".join(_comment(section.intro))
    return head + "\n" + "".join(line for variable in section.variables for line in _lines(variable))


def _lines(variable: Variable) -> Iterator[str]:
    """Yield the comment and the line of one setting. Behind # stands its default, or an example where there is none."""
    unit = variable.kind.unit
    says_unit = not unit or re.search(rf"\b{re.escape(unit)}\b", variable.doc)
    yield from _comment(variable.doc if says_unit else f"{variable.doc} ({unit})")
    yield from _comment(variable.note)
    mark = "" if variable.name in FILLED_IN or _must_be_filled_in(variable) else "#"
    yield f"{mark}{variable.name}={variable.example or variable.default or ''}\n"


def _must_be_filled_in(variable: Variable) -> bool:
    """Return whether every installation needs it: DATABASE_URL is written by compose itself."""
    return variable.required and variable.name != "DATABASE_URL"


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}\n" for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False))


def main() -> None:
    for language in LANGUAGES.values():
        (language.folder / PAGE).write_text(page(language), encoding="utf-8")
    (ROOT / ".env.example").write_text(example(), encoding="utf-8")


if __name__ == "__main__":
    main()
