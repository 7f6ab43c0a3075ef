"""Whether digits that a caller pressed can be what was asked for: identity, organisation and phone numbers, dates."""

from collections.abc import Callable
from datetime import date

import phonenumbers
from phonenumbers import shortnumberinfo

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORGANISATION = (3, 2, 7, 6, 5, 4, 3, 2)
_SYNTHETIC_MONTHS = (0, 40, 65, 80)
_YEARS_BACK = 120
_YEARS_AHEAD = 10


def is_identity_number(digits: str, today: date) -> bool:
    """A Norwegian identity number or D-number (day + 40): its two control digits fit, and it tells a day of birth.

    Synthetic ones count: month + 80 (Tenor), + 65 (Dolly) and + 40.
    """
    if len(digits) != 11 or not is_digits(digits) or not _identity_controls_fit(digits):
        return False
    day, month, year, individual = int(digits[:2]), int(digits[2:4]), int(digits[4:6]), int(digits[6:9])
    century = _century(year, individual)
    offset = max(offset for offset in _SYNTHETIC_MONTHS if offset < max(month, 1))
    born = _date(century + year, month - offset, day - 40 if day > 40 else day)
    return century > 0 and born is not None and born <= today


def _identity_controls_fit(digits: str) -> bool:
    given = [int(digit) for digit in digits]
    first = -sum(a * b for a, b in zip(_FIRST, given, strict=False)) % 11
    second = -sum(a * b for a, b in zip(_SECOND, given, strict=False)) % 11
    return first == given[9] and second == given[10]


def _century(year: int, individual: int) -> int:
    """The century that the individual number (digits 7 to 9) tells for a year of two digits; 0: none."""
    if individual < 500:
        return 1900
    if year < 40:
        return 2000
    if individual >= 900:
        return 1900
    return 1800 if individual < 750 and year >= 54 else 0


def is_organisation_number(digits: str, today: date) -> bool:
    """Nine digits, the first of them 8 or 9, the last one a control digit (mod 11)."""
    if len(digits) != 9 or not is_digits(digits) or digits[0] not in "89":
        return False
    control = -sum(a * int(b) for a, b in zip(_ORGANISATION, digits, strict=False)) % 11
    return control == int(digits[8])


def is_phone_number(digits: str, today: date) -> bool:
    """A number that could be rung: Norwegian, or with 00 and a country's code; not an emergency number."""
    if not is_digits(digits):
        return False
    text = f"+{digits[2:]}" if digits.startswith("00") else digits
    try:
        number = phonenumbers.parse(text, "NO")
    except phonenumbers.NumberParseException:
        return False
    if shortnumberinfo.is_emergency_number(digits, "NO"):
        return False
    return phonenumbers.is_valid_number(number) or shortnumberinfo.is_valid_short_number_for_region(number, "NO")


def is_date(digits: str, today: date) -> bool:
    """A day as ddmmyyyy, from 120 years ago to ten years ahead."""
    if len(digits) != 8 or not is_digits(digits):
        return False
    day = _date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    return day is not None and today.year - _YEARS_BACK <= day.year <= today.year + _YEARS_AHEAD


def fits_mask(digits: str, mask: str) -> bool:
    """Whether they are the mask's digits, any digit where it has `#`."""
    return len(digits) == len(mask) and all(
        given == wanted or (wanted == "#" and is_digits(given)) for given, wanted in zip(digits, mask, strict=True)
    )


def is_digits(text: str) -> bool:
    """Whether it is nothing but 0 to 9, at least one."""
    return text.isascii() and text.isdigit()


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


CHECKS: dict[str, Callable[[str, date], bool]] = {
    "national_identity_number": is_identity_number,
    "organisation_number": is_organisation_number,
    "phone_number": is_phone_number,
    "date": is_date,
}
LENGTHS: dict[str, tuple[int, int]] = {
    "national_identity_number": (11, 11),
    "organisation_number": (9, 9),
    "phone_number": (3, 15),
    "date": (8, 8),
}
"""How many digits each check wants, least and most."""
EXAMPLES: dict[str, str] = {
    "national_identity_number": "13897248098",
    "organisation_number": "889640782",
    "phone_number": "99999999",
    "date": "24121990",
}
"""Digits that fit each check; the identity number is a synthetic one."""
