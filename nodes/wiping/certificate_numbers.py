"""The number of a certificate, as it stands on paper: WPC-00012-3. Its last digit is a check digit, as in the number of a computer."""

import re

from django.utils.translation import gettext_noop as _

from nodes.computer_numbers import DIGITS, GAP, MISFIT, BadNumber, check_digit

_FORM = re.compile(rf"(?:WPC{GAP})?(\d{{1,9}}){GAP}(\d)", re.IGNORECASE | re.ASCII)


def written(pk: int) -> str:
    """Return the number as people read it: WPC-00012-3."""
    return f"WPC-{pk:0{DIGITS}}-{check_digit(pk)}"


def read(typed: str) -> int:
    """Return the key of the certificate whose number somebody typed, with or without letters, blanks and dashes. Raises BadNumber."""
    found = _FORM.fullmatch(typed.strip())
    if found is None:
        raise BadNumber(_("A number looks like this: WPC-00012-3."))
    pk = int(found[1])
    if check_digit(pk) != int(found[2]):
        raise BadNumber(MISFIT, {"number": f"WPC-{pk:0{DIGITS}}-?"})
    return pk
