"""The number of a donation, as it stands in mails and on pages: MNG-D-0041."""

import re

from nodes.computer_numbers import GAP

_FORM = re.compile(rf"MNG{GAP}D{GAP}(\d{{1,12}})", re.IGNORECASE | re.ASCII)


def written(pk: int) -> str:
    """Return the number as people read it: MNG-D-0041."""
    return f"MNG-D-{pk:04}"


def read(typed: str) -> int | None:
    """Return the key of the donation with this number, typed with or without dashes; None for what is no such number."""
    found = _FORM.fullmatch(typed.strip())
    return int(found[1]) if found else None
