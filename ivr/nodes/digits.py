"""digits: ask for a number of several digits, such as a case number."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.calendar import OSLO
from ivr.language.checked_digits import CHECKS, EXAMPLES, LENGTHS, fits_mask, is_digits
from ivr.language.prompting import Said, Spelled
from ivr.language.schema import KEYS, Attempts, Key, Length, Name, Part, PressedKey, Target, Texts, Where
from ivr.language.ways import UNKNOWN, Act, Kind, Known, Moment, Move, Types, Way
from ivr.nodes.base import Node
from ivr.running.run import Run

Check = Literal["none", "national_identity_number", "organisation_number", "phone_number", "date"]


class Expected(Part):
    """What is pressed: how many digits, what ends them, and what they have to be.

    A `check` (but none and phone_number) and a `pattern` say themselves how many digits there are. Identity numbers
    may be D-numbers or synthetic ones; a date is pressed as ddmmyyyy; a pattern is digits and `#`, which is any digit.
    """

    least: int = Field(default=1, ge=1, le=32, description="The fewest digits.")
    most: int = Field(default=0, ge=0, le=32, description="The most digits.")
    terminator: Key = Field(default="#", description="The key that ends them before there are `most`.")
    check: Check = Field(default="none", description="What kind of number it has to be.")
    pattern: str = Field(default="", pattern=r"^[0-9#]{0,32}$", description="Digits that it has to have, as 99######.")

    @model_validator(mode="before")
    @classmethod
    def _of_known_length(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        pattern, check = given.get("pattern"), given.get("check")
        known = LENGTHS.get(check) if isinstance(check, str) else None
        if isinstance(pattern, str) and pattern:
            known = (len(pattern), len(pattern))
        return given if known is None else {"least": known[0], "most": known[1], **given}

    @model_validator(mode="after")
    def _in_order(self) -> "Expected":
        if not self.most:
            raise PydanticCustomError("order", "most is missing: how many digits are pressed at most")
        if self.least > self.most:
            raise PydanticCustomError("order", "least is greater than most")
        return self

    def fits(self, pii_digits: str, today: date) -> bool:
        """Whether these digits can be what was asked for."""
        if not self.least <= len(pii_digits) <= self.most or not is_digits(pii_digits):
            return False
        if self.pattern and not fits_mask(pii_digits, self.pattern):
            return False
        return self.check == "none" or CHECKS[self.check](pii_digits, today)

    def example(self) -> str:
        """Digits that fit."""
        if self.pattern:
            return self.pattern.replace("#", "1")
        return EXAMPLES.get(self.check, "1" * self.least)

    def pressed(self, digits: str) -> str:
        """The keys for these digits, with the terminator where more are awaited."""
        return digits if len(digits) == self.most else digits + self.terminator


class Confirm(Part):
    """Reads the digits back: `{say: {nb: "Du tastet {digits}. Tast 1 hvis det stemmer, 2 hvis ikke."}}`."""

    say: Texts = Field(description="Reads them back; {digits} are spoken one by one.")
    right: PressedKey = Field(default="1", description="The key that says that they are right.")
    wrong: PressedKey = Field(default="2", description="The key that asks for them again, as any other key does.")

    @model_validator(mode="after")
    def _two_keys(self) -> "Confirm":
        if self.right == self.wrong:
            raise PydanticCustomError("order", "right and wrong are the same key")
        return self


class Digits(Node):
    """Keeps what was pressed in `variable`. A `personal` one (the default) never leaves this node's memory.

    With `confirm` the digits are read back; who does not press the key that says they are right is asked again.

    ```yaml
    case:
      type: digits
      say: {nb: Tast saksnummeret ditt., en: Key in your case number.}
      variable: case_number
      expect: {least: 6, most: 9}
      wrong: {nb: Det var ikke et saksnummer., en: That was no case number.}
      next: found
      no_entry: other
    ```
    """

    slots: ClassVar[frozenset[str]] = frozenset({"digits"})

    type: Literal["digits"]
    say: Texts = Field(description="Asks for the digits.")
    variable: Name = Field(description="Where they are kept; it is not declared under `variables`.")
    expect: Expected = Field(description="What is pressed.")
    personal: bool = Field(default=True, description="Personal digits are in no log, trace, event or snapshot.")
    wait_s: Length = Field(default=6.0, alias="wait", description="For how long the first digit is awaited.")
    between_s: Length = Field(default=4.0, alias="between", description="For how long each further one is awaited.")
    attempts: Attempts = Field(default=3, description="How often they are asked for in all.")
    wrong: Texts | None = Field(default=None, description="Said after digits that don't fit, or none.")
    confirm: Confirm | None = Field(default=None, description="Reads them back, and asks whether they are right.")
    next: Target = Field(description="When digits that fit were pressed.")
    no_entry: Target = Field(description="Where a caller goes who gave none.")

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
        values = [value for value in moment.values(self.variable, str) if self._may_be(value)]
        for value in values or [UNKNOWN]:
            # Where any digits do, an example is pressed.
            digits = value if isinstance(value, str) else self.expect.example()
            press, sets = Act("press", self.expect.pressed(digits)), {self.variable: value}
            if self.confirm is None:
                yield Move(given, (self.say,), entry_s, sets=sets, acts=(press,))
                continue
            heard, right = (self.say, self.confirm.say), Act("press", self.confirm.right)
            yield Move(given, heard, entry_s + self.wait_s, sets=sets, acts=(press, right))
        yield Move(nothing, said, entry_s * self.attempts, acts=[Act("silence")] * self.attempts)
        wrong = Act("press", self.expect.pressed(self._counterexample()))
        yield Move(nothing, said, entry_s * self.attempts, acts=[wrong] * self.attempts)
        if self.confirm is not None:
            press = Act("press", self.expect.pressed(self.expect.example()))
            denied = (press, Act("press", self.confirm.wrong)) * self.attempts
            heard = (*said, *(self.confirm.say,) * self.attempts)
            yield Move(nothing, heard, (entry_s + self.wait_s) * self.attempts, acts=denied)

    def gives(self) -> Types:
        return {self.variable: str}

    def keeps(self) -> frozenset[str]:
        return frozenset({self.variable} if self.personal else ())

    def heard(self) -> dict[Where, Said]:
        texts = self.texts()
        if self.attempts == 1:
            texts.pop(("wrong",), None)
        return texts

    async def run(self, run: Run) -> str | None:
        today = datetime.fromtimestamp(run.services.now_ms() / 1000, OSLO).date()
        for attempt in range(self.attempts):
            if attempt and self.wrong is not None:
                await run.say(self.wrong)
            first = await run.say(self.say, keys=KEYS)
            pii_digits = await self._rest(run, first)
            if pii_digits:
                run.progressed()
            if self.expect.fits(pii_digits, today) and await self._confirmed(run, pii_digits):
                if self.personal:
                    run.set_personal(self.variable, pii_digits)
                else:
                    run.set(self.variable, pii_digits)
                return self.next
        return self.no_entry

    def _counterexample(self) -> str:
        """Digits that don't fit; none at all where any would."""
        long = ("1" * self.expect.least, "0" * self.expect.least, "1" * (self.expect.least - 1))
        return next((digits for digits in long if digits and not self._may_be(digits)), "")

    async def _confirmed(self, run: Run, pii_digits: str) -> bool:
        if self.confirm is None:
            return True
        key = await run.say(self.confirm.say, keys=KEYS, digits=Spelled(pii_digits))
        if key is None:
            collected = await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)
            key = collected.pii_digits
        return key == self.confirm.right

    def _may_be(self, value: Known) -> bool:
        if not isinstance(value, str):
            return value is UNKNOWN
        return self.expect.least <= len(value) <= self.expect.most and is_digits(value)

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
