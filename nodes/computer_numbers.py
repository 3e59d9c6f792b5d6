"""Numbers with a check digit, so that a mistyped one is seen; and those of computers, as they stand on labels: MNG-00127-4.

GS1's modulo 10: weights 3 and 1, from the right (GS1 General Specifications, section 7.9).
"""

import re
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

DIGITS = 5  # at least; the hundred thousandth computer has six
# A phone may make another dash of a hyphen, and a web page another blank.
GAP = r"[\s\u00a0\u202f\u2010-\u2015\u2212-]{0,5}"


# static/js/computer_number.js says the same while one types.
MISFIT = _("The last digit does not fit: check %(number)s")


class BadNumber(Refusal):
    """The refusal of a text that is no such number."""

    status = 400
    code = "bad_number"


def check_digit(serial: int) -> int:
    """Return the check digit of a serial number: 4 for 127."""
    digits = reversed(str(serial))
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits)) % 10


@dataclass(frozen=True)
class Numbers:
    """A kind of numbers: the letters before them, and the sentence for what is none."""

    letters: str
    example: str

    @cached_property
    def form(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self.letters}{GAP})?(\d{{1,9}}){GAP}(\d)", re.IGNORECASE | re.ASCII)

    def written(self, serial: int) -> str:
        """Return the number as people read it: MNG-00127-4."""
        return f"{self._before_check(serial)}{check_digit(serial)}"

    def read(self, typed: str) -> int:
        """Return the serial number of what somebody typed, with or without letters, blanks and dashes. Raises BadNumber."""
        found = self.form.fullmatch(typed.strip())
        if found is None:
            raise BadNumber(self.example)
        serial = int(found[1])
        if check_digit(serial) != int(found[2]):
            raise BadNumber(MISFIT, {"number": f"{self._before_check(serial)}?"})
        return serial

    def _before_check(self, serial: int) -> str:
        return f"{self.letters}-{serial:0{DIGITS}}-"


COMPUTERS = Numbers("MNG", _("A number looks like this: MNG-00127-4."))
written, read = COMPUTERS.written, COMPUTERS.read
