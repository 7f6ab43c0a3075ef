"""menu: a choice by one key."""

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from ivr.language.prompting import Said
from ivr.language.schema import KEYS, Attempts, Key, Length, Target, Texts, Where
from ivr.language.ways import Act, Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Menu(Node):
    """Speaks and takes one key, during the text or within `wait` after it.

    Silence and a key without a meaning are answered by `silence` and `wrong`, and the text is said again, `attempts`
    times in all; then the caller goes to `no_choice`.

    ```yaml
    menu:
      type: menu
      say: {nb: "Familie, tast 1. Annet, tast 0.", en: "Family, press 1. Other, press 0."}
      keys: {1: family, 0: other}
      wait: 5s
      no_choice: other
    ```
    """

    type: Literal["menu"]
    say: Texts
    keys: dict[Key, Target] = Field(min_length=1, description="Where each key leads.")
    wait_s: Length = Field(default=5.0, alias="wait", description="For how long a key is awaited after the text.")
    attempts: Attempts = Field(default=3, description="How often the text is said in all.")
    silence: Texts | None = Field(default=None, description="Said after nothing was pressed, before the text again.")
    wrong: Texts | None = Field(default=None, description="Said after a key without a meaning, before the text again.")
    no_choice: Target = Field(description="Where a caller goes who made no choice.")

    def ways(self) -> tuple[Way, ...]:
        keys = [Way(("keys", key), target, Kind.KEY, key) for key, target in self.keys.items()]
        return (*keys, Way(("no_choice",), self.no_choice, Kind.NO_CHOICE))

    def moves(self, moment: Moment) -> Iterable[Move]:
        ways = self.ways()
        late = self.attempts - 1
        for way in ways[:-1]:
            press = Act("press", way.detail)
            yield Move(way, (self.say,), self.wait_s, acts=(press,))
            if late:
                said = (*self._heard(late, self.silence), *self._heard(1, None))
                yield Move(way, said, self.wait_s * self.attempts, acts=(*[Act("silence")] * late, press))
        for remark, act in ((self.silence, Act("silence")), (self.wrong, Act("press", self._meaningless()))):
            if act.detail or act.kind == "silence":
                said = tuple(self._heard(self.attempts, remark))[: None if remark is None else -1]
                yield Move(ways[-1], said, self.wait_s * self.attempts, acts=[act] * self.attempts)

    def heard(self) -> dict[Where, Said]:
        never: set[Where] = {("silence",), ("wrong",)} if self.attempts == 1 else set()
        never |= set() if self._meaningless() else {("wrong",)}
        return {where: said for where, said in self.texts().items() if where not in never}

    def _heard(self, times: int, remark: Texts | None) -> Iterator[Texts]:
        for _ in range(times):
            yield self.say
            if remark is not None:
                yield remark

    def _meaningless(self) -> str:
        return next((key for key in KEYS if key not in self.keys), "")

    async def run(self, run: Run) -> str | None:
        remark = None
        for _ in range(self.attempts):
            key = await run.say(remark, keys=KEYS) if remark else None
            key = key or await run.say(self.say, keys=KEYS)
            if key is None:
                collected = await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)
                key = collected.pii_digits or None
            if key is not None:
                run.progressed()
                target = self.keys.get(key)
                if target is not None:
                    return target
            remark = self.silence if key is None else self.wrong
        return self.no_choice
