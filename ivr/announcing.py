"""What a caller hears while waiting: a welcome, music, and at intervals the position and the estimated wait."""

import asyncio
from typing import Self

import structlog
from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from acd.distributor import DistributorError
from ivr.call import CallEnded
from ivr.prompting import Duration, Number
from ivr.run import Run
from ivr.schema import Length, Name, Part, Shared, Texts

_log = structlog.get_logger(__name__)


class Waiting(Part):
    """What happens while a caller waits in a queue; a block that flows share, or one written in the node.

    `position` names {position} and {waiting}; `position_and_wait`, said where there is an estimate, also {wait}.
    The first comes `first_after` after the welcome, the next every `every`.
    """

    block: str = Field(default="", exclude=True, json_schema_extra={"description": "The name of a shared block."})
    welcome: Texts | None = Field(default=None, description="Said at once, before the music.")
    position: Texts | None = Field(default=None, description="Said at intervals; {position} and {waiting} are known.")
    position_and_wait: Texts | None = Field(default=None, description="Said in its place where {wait} is known too.")
    delayed: Texts | None = Field(default=None, description="Said when the queue is out of reach for a while.")
    music: Name = Field(default="default", description="A recording under prompts/music/.")
    first_after_s: Length = Field(default=2.0, alias="first_after", description="Before the first position.")
    every_s: Length = Field(default=45.0, alias="every", description="From one position to the next.")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return {"block": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told of the fields, or of a name in their place."""
        schema = handler.resolve_ref_schema(handler(core))
        schema["properties"].pop("block", None)
        written = dict(schema)
        schema.clear()
        schema["anyOf"] = [{"type": "string", "description": "The name of a block under `waiting`."}, written]
        return schema

    def _with_blocks(self, shared: Shared) -> Self:
        block = shared.blocks.get(self.block) if self.block else None
        return block if isinstance(block, type(self)) else self


class Announcer:
    """Entertains one caller in a task of its own, so that an agent can be rung in the middle of a sentence."""

    __slots__ = ("_run", "_said", "_task", "_welcomed")

    def __init__(self, run: Run, said: Waiting) -> None:
        self._run = run
        self._said = said
        self._task: asyncio.Task[None] | None = None
        self._welcomed = False

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
            if self._said.welcome is not None and not self._welcomed:
                await self._run.say(self._said.welcome)
            self._welcomed = True
            await self._with_music()
        except CallEnded:
            return
        except Exception:  # noqa: BLE001 - music that fails must not cost the place
            _log.exception("announcements failed", contact=self._run.data.contact)

    async def _with_music(self) -> None:
        said, call = self._said, self._run.call
        music = self._run.services.prompts.music(said.music)
        await call.start_music(music)
        await asyncio.sleep(said.first_after_s)
        while said.position is not None or said.position_and_wait is not None:
            if await self._say_place():
                await call.start_music(music)
            await asyncio.sleep(said.every_s)

    async def _say_place(self) -> bool:
        services = self._run.services
        asked = services.commands.own(services.distributor.place(self._run.data.contact))
        try:
            place = await asyncio.shield(asked)
        except DistributorError:
            return False
        said, estimate_s = self._said.position, place.estimated_wait_s
        if estimate_s is not None and self._said.position_and_wait is not None:
            said = self._said.position_and_wait
        if said is None:
            return False
        wait = Duration(estimate_s or 0)
        await self._run.say(said, position=Number(place.position), waiting=Number(place.waiting), wait=wait)
        return True
