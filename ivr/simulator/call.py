"""The Call port without a network: a caller who presses, hears and hangs up at the word of a test or a scenario."""

import asyncio
from collections import deque
from collections.abc import Callable

from ivr.ports.call import AgentLeg, CallEnded, CallInfo, Clip, Collected, Recorded
from ivr.simulator.ear import Ear, Heard

_MOST_KEYS = 32
_EVERY_KEY = "0123456789*#ABCD"


class SimulatedLeg:
    """An agent's phone that has answered. `talks_s` after the bridge the agent ends it by `then`; None: never."""

    def __init__(self, agent: str, talks_s: float | None = None, then: str = "agent_hung_up") -> None:
        self._agent = agent
        self._talks_s = talks_s
        self._then = then
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.bridged = False

    @property
    def agent(self) -> str:
        return self._agent

    async def hang_up(self) -> None:
        self.end("released")

    def end(self, cause: str = "agent_hung_up") -> None:
        """The agent hangs up."""
        if not self.ended.done():
            self.ended.set_result(cause)

    async def talk(self) -> str:
        """Until somebody hangs up."""
        self.bridged = True
        if self._talks_s is not None:
            asyncio.get_running_loop().call_later(self._talks_s, self.end, self._then)
        try:
            return await asyncio.shield(self.ended)
        finally:
            self.end("released")


class SimulatedCall:
    """One caller. `takes` says of a transfer's target whether it answers there."""

    def __init__(self, info: CallInfo, takes: Callable[[str], bool] = lambda target: True) -> None:
        self._info = info
        self._takes = takes
        self._keys: deque[str] = deque(maxlen=_MOST_KEYS)
        self._awaited: _Awaited | None = None
        self._told: list[Callable[[str], None]] = []
        self._speaks_until = 0.0
        self.answered = False
        self.ended = ""
        self.music: tuple[Clip, ...] = ()
        self.ear = Ear(asyncio.get_running_loop().time)

    @property
    def info(self) -> CallInfo:
        return self._info

    @property
    def heard(self) -> list[Heard]:
        """What was heard until now."""
        return self.ear.heard

    @property
    def listens(self) -> bool:
        """Whether a key, a voice or nothing at all is awaited of the caller now, and no prompt is in the way."""
        return self._awaited is not None and not self._awaited.speaking

    # --- the caller's end ---

    def press(self, key: str) -> None:
        """The caller presses a key."""
        if self.ended:
            return
        self.ear.do("press", key)
        awaited = self._awaited
        if awaited is None or awaited.future.done() or not awaited.keys:
            self._keys.append(key)
        elif key in awaited.keys:
            awaited.resolve(key)

    def speak(self, duration_s: float) -> None:
        """The caller speaks from now on, for so long; heard by what records them."""
        self.ear.do("speak", f"{duration_s:g}")
        self._speaks_until = asyncio.get_running_loop().time() + duration_s

    def hang_up(self, cause: str = "caller_hung_up") -> None:
        """The caller hangs up."""
        if not self.ended:
            self.ear.do("hang_up", "" if cause == "caller_hung_up" else cause)
        self._end(cause)

    # --- the flow's end ---

    def on_end(self, told: Callable[[str], None]) -> None:
        if self.ended:
            asyncio.get_running_loop().call_soon(told, self.ended)
        else:
            self._told.append(told)

    async def answer(self, *, early: bool = False) -> None:
        self._check()
        self.answered = self.answered or not early
        if not self.music:
            self.ear.quiet()

    async def play(self, clips: tuple[Clip, ...], *, keys: str = "") -> str | None:
        self._check()
        self.music = ()
        while keys and self._keys:
            key = self._keys.popleft()
            if key in keys:
                return key
        try:
            for clip in clips:
                self.ear.clip(clip.text, clip.language)
                if found := await self._wait(keys, clip.duration_s, speaking=True):
                    return found
        finally:
            self.ear.quiet()
        return None

    async def collect(
        self, *, most: int, terminator: str = "#", first_timeout_s: float = 5.0, next_timeout_s: float = 3.0
    ) -> Collected:
        pii_digits = ""
        while len(pii_digits) < most:
            self._check()
            timeout_s = next_timeout_s if pii_digits else first_timeout_s
            key = self._keys.popleft() if self._keys else await self._wait(_EVERY_KEY, timeout_s)
            if not key:
                if not pii_digits:
                    self.ear.do("silence")
                return Collected(pii_digits, "timeout")
            if key == terminator:
                return Collected(pii_digits, "terminator")
            pii_digits += key
        return Collected(pii_digits, "complete")

    async def record(self, path: str, *, most_s: float, silence_s: float = 0.0, terminator: str = "#") -> Recorded:
        self._check()
        self.music = ()
        self._keys.clear()
        clock = asyncio.get_running_loop().time
        began = clock()
        self.ear.sound()
        full_at = began + most_s
        ended_by = ""
        while not ended_by:
            quiet_at = max(began, self._speaks_until) + silence_s if silence_s else full_at
            left_s = min(full_at, quiet_at) - clock()
            if left_s <= 0:
                ended_by = "full" if full_at <= quiet_at else "silence"
                if ended_by == "silence" and self._speaks_until <= began:
                    self.ear.do("silence")
                continue
            try:
                ended_by = "terminator" if await self._wait(terminator, left_s) else ""
            except CallEnded:
                ended_by = "hung_up"
        now = clock()
        self.ear.quiet()
        return Recorded(ended_by, now - began, max(0.0, min(self._speaks_until, now) - began))

    async def start_music(self, clips: tuple[Clip, ...]) -> None:
        self._check()
        self.music = clips
        self.ear.sound()

    async def stop_music(self) -> None:
        self._check()
        self.music = ()
        self.ear.quiet()

    async def bridge(self, leg: AgentLeg) -> str:
        if not isinstance(leg, SimulatedLeg):
            raise TypeError(f"a simulated call bridges to a simulated leg, not to {type(leg).__name__}")
        self.music = ()
        self.ear.sound()
        talk = asyncio.ensure_future(leg.talk())
        try:
            self._check()
            talk.add_done_callback(lambda done: None if done.cancelled() else self._resolve(done.result()))
            return await self._wait("", None)
        finally:
            talk.cancel()
            self.ear.quiet()
            self._keys.clear()
            leg.end("released")

    async def transfer(self, target: str) -> bool:
        self._check()
        return self._takes(target)

    async def hangup(self, cause: str = "flow_ended") -> None:
        self._end(cause)

    # --- inside ---

    async def _wait(self, keys: str, timeout_s: float | None, *, speaking: bool = False) -> str:
        """A key among `keys`, the end of a bridge, or nothing when the time is over."""
        self._awaited = awaited = _Awaited(keys, speaking)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(timeout_s, awaited.resolve, "") if timeout_s is not None else None
        try:
            return await awaited.future
        finally:
            if self._awaited is awaited:
                self._awaited = None
            if timer is not None:
                timer.cancel()

    def _resolve(self, value: str) -> None:
        if self._awaited is not None:
            self._awaited.resolve(value)

    def _check(self) -> None:
        if self.ended:
            raise CallEnded(self.ended)

    def _end(self, cause: str) -> None:
        if self.ended:
            return
        self.ended = cause
        self.music = ()
        self.ear.quiet()
        if self._awaited is not None and not self._awaited.future.done():
            self._awaited.future.set_exception(CallEnded(cause))
        told, self._told = self._told, []
        for tell in told:
            tell(cause)


class _Awaited:
    """What the flow awaits of the caller at this moment."""

    __slots__ = ("future", "keys", "speaking")

    def __init__(self, keys: str, speaking: bool) -> None:
        self.keys = keys
        self.speaking = speaking
        self.future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def resolve(self, value: str) -> None:
        if not self.future.done():
            self.future.set_result(value)
