"""The lines of a list of people that were left out, as a list to mend and to import again."""

from django.utils.translation import pgettext

from accounts.people_import import Plan, Status
from lib.spreadsheets import BOM, csv_lines


def left_out_csv(plan: Plan) -> str:
    """Return the lines as CSV, each with its number and why it was left out. An import reads the columns that it knows."""
    left_out = (planned for planned in plan.lines if planned.status == Status.BAD)
    rows = ((p.line.number, p.line.username, p.line.name, p.line.email, p.why) for p in left_out)
    return BOM + csv_lines([_head(), *rows])


def _head() -> tuple[str, ...]:
    return (
        pgettext("column", "line"),
        pgettext("column", "username"),
        pgettext("column", "full name"),
        pgettext("column", "e-mail"),
        pgettext("column", "why"),
    )
