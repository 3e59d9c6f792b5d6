"""Whole numbers as they stand in addresses and forms."""

MOST_DIGITS = 18  # all numbers of so many fit a bigint of the database


def whole_number(text: str, *, digits: int = MOST_DIGITS) -> int | None:
    """Read a number of at most so many digits, 0 or more; None where it is none. int() also reads blanks, signs and other alphabets."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
