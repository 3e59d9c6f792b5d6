"""The text of an intake code: K7MQR-2XHB9. Letters and digits that nobody takes for one another, the last one a check character.

It is shown once; only a keyed hash is kept. deploy/node/minga-intake knows the check character, too.
"""

from secrets import choice

from django.utils.crypto import salted_hmac

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0, O, 1, I
LENGTH = 10  # the check character is the last one
HALF = LENGTH // 2


def make() -> str:
    """Return a new code."""
    letters = "".join(choice(LETTERS) for _letter in range(LENGTH - 1))
    letters += check_letter(letters)
    return written(letters)


def written(typed: str) -> str:
    """Return a code as it is shown, of what somebody typed; '' where it is none."""
    letters = letters_of(typed)
    return letters and f"{letters[:HALF]}-{letters[HALF:]}"


def check_letter(letters: str) -> str:
    """Return the check character by Luhn's sum over 32 characters: of one mistyped character, and of most swapped ones, it tells."""
    total = 0
    for place, letter in enumerate(reversed(letters)):
        value = LETTERS.index(letter) * (1 if place % 2 else 2)
        total += value // len(LETTERS) + value % len(LETTERS)
    return LETTERS[-total % len(LETTERS)]


def letters_of(typed: str) -> str:
    """Return the characters of a code as somebody typed it, in any case, with or without blanks and dashes; '' where it is none."""
    letters = "".join(char for char in typed[:100].upper() if char.isalnum())
    is_one = len(letters) == LENGTH and set(letters) <= set(LETTERS) and check_letter(letters[:-1]) == letters[-1]
    return letters if is_one else ""


def digest(typed: str) -> str:
    """Return the hash of a code as somebody typed it; '' where it is none."""
    letters = letters_of(typed)
    return salted_hmac("nodes.intake", letters, algorithm="sha256").hexdigest() if letters else ""
