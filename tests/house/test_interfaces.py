"""make check finds functions without a docstring that another app calls."""

import pytest

from deploy.local import interfaces

SILENT = "def ask():\n    return 1\n"
SAYS = 'def ask():\n    """Ask."""\n'


@pytest.mark.parametrize(
    "caller",
    [
        "from lib.wishes import ask\n",
        "from lib import wishes\nwishes.ask()\n",
        "from lib import wishes as w\nw.ask()\n",
        "import lib.wishes\nlib.wishes.ask()\n",
    ],
)
def test_one_that_says_nothing_is_named_with_its_caller(caller: str) -> None:
    [sentence] = interfaces.of_sources({"lib/wishes.py": SILENT, "portal/page.py": caller})
    assert sentence.startswith("lib/wishes.py:1: portal calls lib.wishes.ask")


@pytest.mark.parametrize(
    ("source", "path"),
    [(SAYS, "portal/page.py"), (SILENT, "lib/neighbour.py"), (SILENT.replace("ask", "other"), "portal/page.py")],
)
def test_others_are_not(source: str, path: str) -> None:
    assert interfaces.of_sources({"lib/wishes.py": source, path: "from lib import wishes\nwishes.ask()\n"}) == []
