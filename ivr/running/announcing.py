"""What a caller hears while waiting, and the keys that are listened to meanwhile."""

import asyncio
from typing import Self

import structlog
from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from acd.distributor import DistributorError
from acd.model import Place
from ivr.language.lengths import length_text
from ivr.language.prompting import Duration, Interval, Number, Said, Value
from ivr.language.schema import Condition, Key, Length, LengthOrNone, Name, Part, Shared, Target, Texts
from ivr.ports.call import CallEnded
from ivr.running.run import Run

_log = structlog.get_logger(__name__)

_MOST_AHEAD = 32
_LISTENS_S = 3_600.0


class Overflow(Part):
    """A rule that leads a waiting caller on: `{after: 10m, next: leave_message}`.

    With `when` it is looked at again every 15 seconds from `after` on; {position}, {waiting}, {wait} (the estimate in
    seconds, 0 without one) and {agents} (those logged in who may answer) are known to it as `position`, `waiting`,
    `wait` and `agents`.
    """

    after_s: LengthOrNone = Field(default=0.0, alias="after", description="The wait from which on it holds.")
    when: Condition | None = Field(default=None, description="What has to hold besides, such as `agents == 0`.")
    next: Target = Field(description="Where the caller goes on.")

    @model_validator(mode="after")
    def _waits_for_something(self) -> Self:
        if not self.after_s and self.when is None:
            raise PydanticCustomError("overflow", "a rule says `after`, or `when`, or both")
        return self

    def text(self) -> str:
        """It in short: `10m, agents == 0`."""
        after = length_text(self.after_s) if self.after_s else ""
        return ", ".join(part for part in (after, self.when.text if self.when else "") if part)


class Waiting(Part):
    """What happens while a caller waits in a queue; a block that flows share, or one written in the node.

    `position` names {position} and {waiting}; `position_and_wait`, said where there is an estimate that can be trusted,
    also {interval} ("between five and ten minutes"; docs/estimates.md) or {wait} ("about seven minutes").
    The first comes `first_after` after the welcome, the next every `every`, followed by `say_keys`; the texts of
    `comfort` take every second turn. A key leads out of the queue, during the music too. A queue may take a shared
    block and say what is otherwise there: `waiting: {block: standard, welcome: {nb: Du kommer til familie.}}`.

    ```yaml
    waiting:
      standard:
        welcome: {nb: Du står nå i kø., en: You are now in the queue.}
        position: {nb: "Du er nummer {position}.", en: "You are number {position}."}
        comfort:
          - {nb: Mye kan gjøres på nett., en: Much can be done on the web.}
        keys: {1: ring_back}
        say_keys: {nb: "Tast 1, så ringer vi deg opp.", en: "Press 1 and we will ring you back."}
        overflow:
          - {after: 10m, next: leave_message}
          - {when: agents == 0, next: nobody_here}
    ```
    """

    block: str = Field(default="", exclude=True, description="A shared block; what is written beside it goes first.")
    welcome: Texts | None = Field(default=None, description="Said at once, before the music.")
    position: Texts | None = Field(default=None, description="Said at intervals; {position} and {waiting} are known.")
    position_and_wait: Texts | None = Field(
        default=None, description="Said in its place where {interval} or {wait} is known too."
    )
    delayed: Texts | None = Field(default=None, description="Said when the queue is out of reach for a while.")
    music: Name = Field(default="default", description="A recording under prompts/music/.")
    first_after_s: Length = Field(default=2.0, alias="first_after", description="Before the first position.")
    every_s: Length = Field(default=45.0, alias="every", description="From one position to the next.")

    comfort: list[Texts] = Field(default_factory=list, max_length=20, description="Texts that are said in turn.")
    keys: dict[Key, Target] = Field(default_factory=dict, description="Keys that lead out of the queue, and where.")
    say_keys: Texts | None = Field(default=None, description="Offers the keys, after the position.")
    overflow: list[Overflow] = Field(
        default_factory=list, max_length=20, description="Rules that lead out of the queue; the first that holds."
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return {"block": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.say_keys is not None and not self.keys and not self.block:
            raise PydanticCustomError("keys", "say_keys offers keys: say under `keys` where they lead")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told of the fields, or of a name in their place."""
        schema = handler.resolve_ref_schema(handler(core))
        written = dict(schema)
        schema.clear()
        schema["anyOf"] = [{"type": "string", "description": "The name of a block under `waiting`."}, written]
        return schema

    def _with_blocks(self, shared: Shared) -> Self:
        block = shared.blocks.get(self.block) if self.block else None
        if not isinstance(block, type(self)):
            return self
        written = self.model_fields_set - {"block"}
        return block.model_copy(update={name: getattr(self, name) for name in written}) if written else block


def _wait(place: Place) -> dict[str, Value]:
    """What may be told of the wait: nothing where the estimate is not known, or is silent."""
    told: dict[str, Value] = {}
    if place.low_s is not None:
        told["interval"] = Interval(place.low_s, place.high_s)
        told["wait"] = Duration(place.estimated_wait_s or 0)
    return told


class _KeyPressed(Exception):
    """A key that leads out of the queue."""


class Announcer:
    """Entertains one caller in a task of its own, so that an agent can be rung in the middle of a sentence.

    `pressed` gets the first key of the block that the caller presses; nothing is said after it.
    """

    __slots__ = ("_keys", "_run", "_said", "_task", "_turn", "_welcomed", "pressed")

    def __init__(self, run: Run, said: Waiting) -> None:
        self._run = run
        self._said = said
        self._keys = "".join(said.keys)
        self._task: asyncio.Task[None] | None = None
        self._welcomed = False
        self._turn = 0
        self.pressed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def leads_to(self, key: str) -> str:
        """Where a key of the block leads, as `pressed` gives it."""
        return self._said.keys[key]

    def start(self) -> None:
        """Begin, or go on after `silence` without the welcome."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._announce())

    def stop(self) -> None:
        """Stop soon; for the end of a call, when nothing can be waited for."""
        if self._task is not None:
            self._task.cancel()

    async def silence(self) -> None:
        """Stop, and wait until it has stopped, so that somebody else can speak."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def tell_delay(self) -> None:
        """Say that it takes longer than it should; then music as before."""
        if self._said.delayed is not None:
            await self.silence()
            await self._run.say(self._said.delayed)
            self.start()

    async def _announce(self) -> None:
        try:
            if not self._welcomed:
                await self._welcome()
            self._welcomed = True
            await self._with_music()
        except CallEnded:
            return
        except _KeyPressed as pressed:
            if not self.pressed.done():
                self.pressed.set_result(str(pressed))
        except Exception:  # noqa: BLE001 - music that fails must not cost the place
            _log.exception("announcements failed", contact=self._run.data.contact)

    async def _welcome(self) -> None:
        if self._keys:
            # Keys that were pressed before the queue were not meant for it.
            await self._run.call.collect(most=_MOST_AHEAD, terminator="", first_timeout_s=0.0, next_timeout_s=0.0)
        if self._said.welcome is not None:
            await self._say(self._said.welcome)

    async def _with_music(self) -> None:
        said, call = self._said, self._run.call
        music = self._run.services.prompts.music(said.music)
        await call.start_music(music)
        await self._rest(said.first_after_s)
        while said.comfort or self._tells_place():
            if await self._take_turn():
                await call.start_music(music)
            await self._rest(said.every_s)
        while self._keys:
            await self._rest(_LISTENS_S)

    def _tells_place(self) -> bool:
        said = self._said
        return not said.position is said.position_and_wait is said.say_keys is None

    async def _take_turn(self) -> bool:
        """Say what is next; whether there was anything."""
        said, turn = self._said, self._turn
        self._turn += 1
        alone = not self._tells_place()
        if said.comfort and (alone or turn % 2):
            comfort = said.comfort[(turn if alone else turn // 2) % len(said.comfort)]
            await self._say(comfort)
            return True
        spoke = await self._say_place()
        if said.say_keys is not None:
            await self._say(said.say_keys)
            spoke = True
        return spoke

    async def _say_place(self) -> bool:
        services = self._run.services
        if self._said.position is self._said.position_and_wait is None:
            return False
        asked = services.commands.own(services.distributor.place(self._run.data.contact))
        try:
            place = await asyncio.shield(asked)
        except DistributorError:
            return False
        known: dict[str, Value] = {"position": Number(place.position), "waiting": Number(place.waiting), **_wait(place)}
        said, fuller = self._said.position, self._said.position_and_wait
        if fuller is not None and (fuller.slots() & {"wait", "interval"} or {"wait"}) <= known.keys():
            said = fuller
        if said is None:
            return False
        await self._say(said, **known)
        return True

    async def _say(self, said: Said, **values: Value) -> None:
        """Speak; a sentence that fails is left out, and the music goes on. Raises _KeyPressed and CallEnded."""
        try:
            key = await self._run.say(said, keys=self._keys, **values)
        except CallEnded:
            raise
        except Exception:  # noqa: BLE001 - such as digits that stayed on another node
            _log.exception("an announcement failed", contact=self._run.data.contact, key=said.key)
            return
        if key is not None:
            raise _KeyPressed(key)

    async def _rest(self, rest_s: float) -> None:
        """Let the music play. Raises _KeyPressed."""
        if not self._keys:
            await asyncio.sleep(rest_s)
            return
        clock = asyncio.get_running_loop().time
        until = clock() + rest_s
        while (left_s := until - clock()) > 0:
            collected = await self._run.call.collect(most=1, terminator="", first_timeout_s=left_s)
            if collected.pii_digits and collected.pii_digits in self._keys:
                raise _KeyPressed(collected.pii_digits)
