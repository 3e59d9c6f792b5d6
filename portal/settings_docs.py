"""Write docs/admin/settings.md and .env.example from the table of settings: `python -m portal.settings_docs`."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from lib.environment import Variable
from portal.settings_table import SECTIONS, Reader, Section

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 138  # of a comment in .env.example
PAGE_HEAD = """\
# Settings

Every setting is an environment variable. With compose and systemd it stands in a file ([install.md](install.md)), which begins as a copy of
`.env.example`; for `make run` say it before the command. A wrong value stops the start with a sentence that names the variable.

This page is written from `portal/settings_table.py` by `python -m portal.settings_docs`.
"""
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
    "minga": "", "deploy": "", "compose": "Read by docker-compose.yml.", "openstack": "Read by openstacksdk.",
    "trial": "`make run` sets most of them itself. They are not in `.env.example`.",
}  # fmt: skip


def page() -> str:
    """Return docs/admin/settings.md."""
    text = PAGE_HEAD + "".join(_section_of_page(section) for section in SECTIONS)
    return re.sub(r"docs/admin/([\w-]+\.md)", r"[\1](\1)", text)


def _section_of_page(section: Section) -> str:
    words = " ".join(text for text in (READERS[section.reader], section.intro) if text)
    head = f"\n## {section.title}\n\n" + (f"{words}\n\n" if words else "")
    rows = "".join(_row(variable) for variable in section.variables)
    return f"{head}| name | unit or values | default | what |\n|---|---|---|---|\n{rows}"


def _row(variable: Variable) -> str:
    default = (
        "must be set" if variable.required else variable.otherwise or (variable.default and f"`{variable.default}`")
    )
    what = " ".join(text for text in (variable.doc, variable.note) if text)
    return f"| `{variable.name}` | {variable.kind.unit or 'text'} | {default or 'empty'} | {what} |\n"


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
    (ROOT / "docs/admin/settings.md").write_text(page(), encoding="utf-8")
    (ROOT / ".env.example").write_text(example(), encoding="utf-8")


if __name__ == "__main__":
    main()
