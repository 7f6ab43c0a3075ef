"""digits: ask for a number of several digits, such as a case number."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import KEYS, Attempts, Key, Length, Name, Part, Target, Texts
from ivr.ways import UNKNOWN, Act, Kind, Moment, Move, Types, Way

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
    wait_s: Length = Field(default=6.0, alias="wait", description="For how long the first digit is awaited.")
    between_s: Length = Field(default=4.0, alias="between", description="For how long each further one is awaited.")
    attempts: Attempts = 3
    wrong: Texts | None = None
    next: Target
    no_entry: Target

    def ways(self) -> tuple[Way, ...]:
        return (
            Way(("next",), self.next, Kind.GIVEN, self.variable),
            Way(("no_entry",), self.no_entry, Kind.NO_ENTRY),
        )

    def moves(self, moment: Moment) -> Iterable[Move]:
        given, nothing = self.ways()
        again = () if self.wrong is None else (self.wrong,)
        said = (self.say, *(*again, self.say) * (self.attempts - 1))
        entry_s = self.wait_s + self.between_s * self.expect.most
        sets = {self.variable: UNKNOWN}
        yield Move(given, (self.say,), entry_s, sets=sets, acts=(Act("press", self.variable),))
        yield Move(nothing, said, entry_s * self.attempts, acts=[Act("silence")] * self.attempts)

    def gives(self) -> Types:
        return {self.variable: str}

    def keeps(self) -> frozenset[str]:
        return frozenset({self.variable} if self.personal else ())

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
