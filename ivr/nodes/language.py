"""language: let the caller choose the language of all that follows."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.prompting import Said
from ivr.language.schema import KEYS, Attempts, Language, Length, OneLanguage, Part, PressedKey, SpokenIn, Target, Where
from ivr.language.ways import Act, Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Choice(Part):
    """One language: its key, and how it is offered, in that language and by its voice."""

    key: PressedKey = Field(description="The key that chooses it.")
    language: Language = Field(description="One of the flow's languages.")
    say: SpokenIn = Field(
        description="How it is offered, in the language itself; as {nb: ...} in another one that can be spoken."
    )

    @model_validator(mode="before")
    @classmethod
    def _in_its_language(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        say = given.get("say")
        if isinstance(say, str):
            return {**given, "say": OneLanguage({str(given.get("language")): say})}
        if isinstance(say, dict) and len(say) == 1:
            return {**given, "say": OneLanguage(say)}
        return given


class LanguageChoice(Node):
    """Offers each language in that language, and takes one key; from here on the caller is spoken to in it.

    Who presses nothing, or only keys without a meaning, has `default` after `attempts`.

    ```yaml
    language:
      type: language
      choices:
        - {key: 1, language: nb, say: "For norsk, tast 1."}
        - {key: 2, language: en, say: "For English, press 2."}
      default: nb
      next: menu
    ```
    """

    type: Literal["language"]
    choices: list[Choice] = Field(min_length=1, max_length=10, description="The languages, in the order of speaking.")
    default: Language = Field(description="The language of who chooses none.")
    wait_s: Length = Field(default=4.0, alias="wait", description="For how long a key is awaited after the last one.")
    attempts: Attempts = Field(default=1, description="How often the languages are offered in all.")
    next: Target = Field(description="Where callers go on, whatever they chose.")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for what, chosen in (
            ("key", [choice.key for choice in self.choices]),
            ("language", [choice.language for choice in self.choices]),
        ):
            twice = [each for each, count in Counter(chosen).items() if count > 1]
            if twice:
                raise PydanticCustomError("twice", "{what} {each} is there twice", {"what": what, "each": twice[0]})
        return self

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        (way,) = self.ways()
        said: list[Said] = []
        for choice in self.choices:
            said.append(choice.say)
            sets = {"language": choice.language}
            yield Move(way, tuple(said), self.wait_s, sets=sets, acts=(Act("press", choice.key),))
        silence = [Act("silence")] * self.attempts
        sets = {"language": self.default}
        yield Move(way, tuple(said) * self.attempts, self.wait_s * self.attempts, sets=sets, acts=silence)

    def speaks(self) -> dict[Where, str]:
        chosen: dict[Where, str] = {
            ("choices", index, "language"): choice.language for index, choice in enumerate(self.choices)
        }
        return {**chosen, ("default",): self.default}

    async def run(self, run: Run) -> str | None:
        languages = {choice.key: choice.language for choice in self.choices}
        chosen = self.default
        for _ in range(self.attempts):
            key = await self._offer(run)
            if key:
                run.progressed()
            if key in languages:
                chosen = languages[key]
                break
        run.set("language", chosen)
        return self.next

    async def _offer(self, run: Run) -> str:
        for choice in self.choices:
            key = await run.say(choice.say, keys=KEYS)
            if key is not None:
                return key
        collected = await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)
        return collected.pii_digits
