"""The file of a crisis: what is said in it, who is let through first, and who is told something instead of waiting."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.crises import Crisis, Deflection, HeadStart
from ivr.language.lengths import LongLength
from ivr.language.schema import Condition, Name, Part, PressedKey, Texts, WholeSeconds


class First(Part):
    """Callers of one queue who are let through first: `{queue: social, head_start: 30m}`."""

    queue: Name = Field(description="A `[[queue]]` of the deployment.")
    head_start_s: WholeSeconds = Field(alias="head_start", description="As if they had come so much earlier.")
    when: Condition | None = Field(default=None, description="Only callers for whom this holds.")


class Deflect(Part):
    """What callers of one queue are told instead of waiting: `{queue: other, say: {...}, end: true, stay: 1}`."""

    queue: Name = Field(description="A `[[queue]]` of the deployment.")
    say: Texts = Field(description="What they are told, such as a web address.")
    end: bool = Field(default=False, description="The call ends after it; otherwise the caller waits all the same.")
    stay: PressedKey | None = Field(default=None, description="The key to wait all the same, where it ends.")
    when: Condition | None = Field(default=None, description="Only callers for whom this holds.")

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if self.stay is not None and not self.end:
            raise PydanticCustomError("deflect", "stay is of use with `end: true` only: these callers wait anyhow")
        return self


class CrisisFile(BaseModel):
    """`crises/NAME.yaml`: prepared and checked like the flows, and switched on by `svar crisis on NAME`.

    ```yaml
    crisis: payments_late
    title: Utbetalinger er forsinket
    message: {nb: Utbetalingene er forsinket i dag., en: Payments are late today.}
    flows: [main]
    first:
      - {queue: social, head_start: 30m}
    deflect:
      - queue: other
        say: {nb: "Les mer på nav.no. Vil du vente likevel, tast 1.", en: "See nav.no. To wait all the same, press 1."}
        end: true
        stay: 1
    longest: 2d
    ```
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    crisis: Name = Field(description="Its name, for `svar crisis`, expressions and events.")
    title: str = Field(min_length=1, max_length=200, description="Its name for people.")
    message: Texts = Field(description="What `message` nodes with `crisis: true` say.")
    flows: list[Name] = Field(default_factory=list, max_length=200, description="Where it is heard; without it: all.")
    first: list[First] = Field(default_factory=list, max_length=50, description="Who is let through first.")
    deflect: list[Deflect] = Field(default_factory=list, max_length=50, description="Who is told something instead.")
    longest_s: LongLength = Field(default=7 * 86_400.0, alias="longest", description="For how long it may be on.")

    def made(self) -> Crisis:
        """What is prepared; a text's place, for its recording, is `NAME/crisis.message`."""
        place = f"{self.crisis}/crisis"
        deflect = (each.named(f"{place}.deflect.{index}") for index, each in enumerate(self.deflect))
        return Crisis(
            name=self.crisis,
            title=self.title,
            message=self.message.named(f"{place}.message"),
            flows=frozenset(self.flows),
            first=tuple(HeadStart(each.queue, each.head_start_s, each.when) for each in self.first),
            deflect=tuple(Deflection(each.queue, each.say, each.end, each.stay or "", each.when) for each in deflect),
            longest_s=self.longest_s,
        )
