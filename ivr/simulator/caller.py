"""A caller who does what a scenario says, act by act."""

import asyncio
from collections.abc import Sequence

from ivr.simulator.call import SimulatedCall
from ivr.simulator.ear import Did, Heard
from ivr.simulator.scenario_file import Act

BETWEEN_KEYS_S = 0.25
"""How fast callers press one key after the other."""


class ActingCaller:
    """Acts on one call. Whoever leads the call tells it of the steps."""

    def __init__(self, call: SimulatedCall, acts: Sequence[Act]) -> None:
        self._call = call
        self._acts = acts
        self._news = asyncio.Event()
        self._steps: list[tuple[str, int]] = []
        self._visited = 0
        self._listened = 0
        self._silences: list[tuple[int, int]] = []

    def heard(self, item: Heard | Did) -> None:
        """Something was heard or done."""
        if isinstance(item, Did) and item.kind == "silence":
            self._silences.append((len(self._call.heard), len(self._steps)))
        self._news.set()

    def stepped(self, step: str) -> None:
        """The caller came to a step."""
        self._steps.append((step, len(self._call.heard)))
        self._news.set()

    async def live(self) -> None:
        """Do it all, and then nothing more."""
        for act in self._acts:
            if act.at:
                await self._come_to(act.at)
            if act.when_heard:
                await self._hear(act.when_heard)
            if act.after_s:
                await asyncio.sleep(act.after_s)
            await self._do(act)

    async def _do(self, act: Act) -> None:
        if act.hang_up:
            self._call.hang_up()
        elif act.speak_s is not None:
            self._call.speak(act.speak_s)
        elif act.press is not None:
            for index, key in enumerate(act.press):
                if index:
                    await asyncio.sleep(BETWEEN_KEYS_S)
                self._call.press(key)
        else:
            await self._keep_silent()

    async def _come_to(self, step: str) -> None:
        """Until the next visit of the step, one that no act has waited for yet."""
        while True:
            for index in range(self._visited, len(self._steps)):
                name, listened = self._steps[index]
                if name == step:
                    self._visited, self._listened = index + 1, max(self._listened, listened)
                    return
            await self._next()

    async def _hear(self, words: str) -> None:
        """Until something with these words is heard, beyond what acts have listened to."""
        wanted = words.casefold()
        while True:
            for index in range(self._listened, len(self._call.heard)):
                if wanted in self._call.heard[index].text.casefold():
                    self._listened = index + 1
                    return
            self._listened = len(self._call.heard)
            await self._next()

    async def _keep_silent(self) -> None:
        """Until a key was awaited in vain and something is said to that, or the caller is led on."""
        before = len(self._silences)
        while len(self._silences) == before:
            await self._next()
        while (len(self._call.heard), len(self._steps)) == self._silences[before]:
            await self._next()

    async def _next(self) -> None:
        self._news.clear()
        await self._news.wait()
