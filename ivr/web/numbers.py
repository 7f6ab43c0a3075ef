"""What may be told of a number by its digits alone."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_ORDINARY = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
)


def is_ordinary(pii_number: str) -> bool:
    """Whether a number in the international form is a person's: no premium, shared-cost, short or service number."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(pii_number)) in _ORDINARY
    except NumberParseException:
        return False
