"""digits: ask for a number of several digits, such as a case number."""

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.expression import Expression
from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import KEYS, Attempts, Key, Name, Part, Seconds, Target, Texts, Where

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def is_identity_number(digits: str) -> bool:
    """Whether the two check digits of a Norwegian national identity number fit; synthetic ones (+40, +80) pass too."""
    if len(digits) != 11 or not digits.isascii() or not digits.isdigit():
        return False
    given = [int(digit) for digit in digits]
    first = -sum(a * b for a, b in zip(_FIRST, given, strict=False)) % 11
    second = -sum(a * b for a, b in zip(_SECOND, given, strict=False)) % 11
    return first == given[9] and second == given[10]


class Expected(Part):
    """What is pressed: how many digits, what ends them, and a check of their own."""

    least: int = Field(default=1, ge=1, le=32)
    most: int = Field(ge=1, le=32)
    terminator: Key = "#"
    check: Literal["none", "national_identity_number"] = "none"

    @model_validator(mode="after")
    def _in_order(self) -> "Expected":
        if self.least > self.most:
            raise PydanticCustomError("order", "least is greater than most")
        return self

    def fits(self, pii_digits: str) -> bool:
        if not self.least <= len(pii_digits) <= self.most or not pii_digits.isdigit():
            return False
        return self.check == "none" or is_identity_number(pii_digits)


class Digits(Node):
    """Keeps what was pressed in `variable`. A `personal` one (the default) never leaves this node's memory."""

    type: Literal["digits"]
    say: Texts
    variable: Name
    expect: Expected
    personal: bool = True
    wait_s: Seconds = 6.0
    between_s: Seconds = 4.0
    attempts: Attempts = 3
    wrong: Texts | None = None
    next: Target
    no_entry: Target

    def targets(self) -> dict[Where, str]:
        return {("next",): self.next, ("no_entry",): self.no_entry}

    def silent_targets(self) -> list[str]:
        return [self.no_entry]

    def assigns(self) -> dict[str, Expression | None]:
        return {self.variable: None}

    async def run(self, run: Run) -> str | None:
        for attempt in range(self.attempts):
            if attempt and self.wrong is not None:
                await run.say(self.wrong)
            first = await run.say(self.say, keys=KEYS)
            pii_digits = await self._rest(run, first)
            if pii_digits:
                run.progressed()
            if self.expect.fits(pii_digits):
                if self.personal:
                    run.set_personal(self.variable, pii_digits)
                else:
                    run.set(self.variable, pii_digits)
                return self.next
        return self.no_entry

    async def _rest(self, run: Run, first: str | None) -> str:
        if first == self.expect.terminator or (first and self.expect.most == 1):
            return "" if first == self.expect.terminator else first
        collected = await run.call.collect(
            most=self.expect.most - len(first or ""),
            terminator=self.expect.terminator,
            first_timeout_s=self.between_s if first else self.wait_s,
            next_timeout_s=self.between_s,
        )
        return (first or "") + collected.pii_digits
