"""menu: a choice by one key."""

from typing import Literal

from pydantic import Field

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import KEYS, Attempts, Key, Seconds, Target, Texts, Where


class Menu(Node):
    """Speaks and takes one key, during the text or within `wait_s` after it.

    Silence and a key without a meaning are answered by `silence` and `wrong`, and the text is said again, `attempts`
    times in all; then the caller goes to `no_choice`.
    """

    type: Literal["menu"]
    say: Texts
    keys: dict[Key, Target] = Field(min_length=1)
    wait_s: Seconds = 5.0
    attempts: Attempts = 3
    silence: Texts | None = None
    wrong: Texts | None = None
    no_choice: Target

    def targets(self) -> dict[Where, str]:
        return {**{("keys", key): target for key, target in self.keys.items()}, ("no_choice",): self.no_choice}

    def silent_targets(self) -> list[str]:
        return [self.no_choice]

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
