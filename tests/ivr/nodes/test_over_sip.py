"""Nodes over SIP and RTP on loopback: what the caller's phone hears, by its content, and the keys that it sends."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from acd.model import AgentId
from events.catalogue import ContactLeftQueue
from ivr.contact import begin, serve
from ivr.language.crises import CrisesInMemory, Crisis, CrisisOn
from ivr.language.prompting import Said
from ivr.ports.call import Clip
from ivr.running.run import FlowRun
from tests.ivr.engine import BEGINS_MS, Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD
from tests.ivr.nodes.test_language import LANGUAGE
from tests.ivr.sip_lab import Handset, Lab, hears, lab
from tests.ivr.sounds import MUSIC, tone
from tests.rtp.phone import until

LASTS_S = 0.6


class TonePrompts:
    """Every text is a tone of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, said: Iterable[Said]) -> None:
        """Tones are made when they are wanted."""

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        spoken, text = said.text(language)
        return (self._clip(text, spoken),)

    def music(self, name: str) -> tuple[Clip, ...]:
        return (self._clip(MUSIC, ""),)

    def _clip(self, text: str, language: str) -> Clip:
        path = self._folder / f"{tone(text)[:8].hex()}.al"
        path.write_bytes(tone(text, LASTS_S))
        return Clip(str(path), LASTS_S, text, language)


class Caller:
    """A phone that rang a flow, and the run."""

    def __init__(self, phones: Lab, handset: Handset, run: FlowRun, task: "asyncio.Task[FlowRun]") -> None:
        self._phones = phones
        self._handset = handset
        self._task = task
        self.run = run

    async def hears(self, text: str, *, since: int = 0) -> None:
        """Wait until it is heard."""
        sound = tone(text, LASTS_S)
        await until(lambda: hears(self._handset, sound, since=since), text, deadline_s=10)

    def heard(self, text: str) -> bool:
        """Whether it was heard so far."""
        return hears(self._handset, tone(text, LASTS_S))

    @property
    def bytes_heard(self) -> int:
        return len(self._handset.rtp.heard)

    async def press(self, key: str) -> None:
        before = self._phones.media.keys
        await self._handset.connected()
        self._handset.rtp.press(key)
        await until(lambda: self._phones.media.keys > before, f"key {key}")

    async def inform(self, key: str) -> None:
        """A key by INFO, as phones send it that have no telephone events."""
        before = len(self._handset.informed)
        await self._handset.connected()
        self._phones.press_by_info(self._handset, key)
        await until(lambda: len(self._handset.informed) > before, f"answer to INFO {key}")

    async def ends(self) -> FlowRun:
        async with asyncio.timeout(10):
            return await self._task


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        yield made


@asynccontextmanager
async def ringing(phones: Lab, text: str, engine: Engine, *, events: bool = True) -> AsyncIterator[Caller]:
    """A phone that rings the flow, led by the real interpreter; without `events` it sends keys by INFO alone."""
    flow = flow_of(text)
    engine.services = replace(engine.services, prompts=TonePrompts(phones.folder))
    call, handset = await phones.call(events=events)
    book = engine.book(flow)
    run = begin(call, book, flow, engine.services)
    task = engine.spawn(serve(call, book, flow, engine.services, run))
    yield Caller(phones, handset, run, task)
    await engine.close()
    await phones.nothing_left()


async def test_the_language_that_was_chosen_is_heard(phones: Lab) -> None:
    async with ringing(phones, HEAD + LANGUAGE + GOODBYE, Engine()) as caller:
        await caller.hears("For English, press 2.")
        assert caller.heard("For norsk, tast 1.")
        await caller.press("2")
        await caller.hears("Goodbye.")
        assert (await caller.ends()).variables["language"] == "en"
        assert caller.heard("Hello.")
        assert not caller.heard("Hei.")


async def test_the_message_of_a_crisis_and_information_are_heard(phones: Lab) -> None:
    engine = Engine()
    on = CrisisOn("late", 0, BEGINS_MS + 10**12, "kari")
    engine.services = replace(engine.services, crises=CrisesInMemory(on))
    engine.crises = {"late": Crisis("late", "Late", Said({"nb": "Alt er forsinket."}))}
    nodes = """
  first: {type: message, crisis: true, next: news}
  news: {type: message, say: {nb: Nytt., en: News.}, until: 2099-01-01 00:00, next: old}
  old: {type: message, say: {nb: Gammelt., en: Old.}, until: 2020-01-01 00:00, next: bye}
"""
    async with ringing(phones, HEAD + nodes + GOODBYE, engine) as caller:
        await caller.hears("Ha det.")
        await caller.ends()
        assert caller.heard("Alt er forsinket.")
        assert caller.heard("Nytt.")
        assert not caller.heard("Gammelt.")


async def test_a_sub_flow_is_heard_and_its_key_leads_back(phones: Lab) -> None:
    engine = Engine()
    engine.others = [
        flow_of("""
flow: other
title: Other
languages: [nb, en]
start: ask
nodes:
  ask: {type: menu, say: {nb: Tast 7., en: Press 7.}, keys: {7: back}, wait: 9s, attempts: 1, no_choice: gone}
  back: {type: return, result: pressed}
  gone: {type: return, result: gone}
""")
    ]
    nodes = """
  first: {type: subflow, flow: other, returns: {pressed: right, gone: bye}}
  right: {type: say, say: {nb: Riktig., en: Right.}, next: bye}
"""
    async with ringing(phones, HEAD + nodes + GOODBYE, engine) as caller:
        await caller.hears("Tast 7.")
        await caller.press("7")
        await caller.hears("Ha det.")
        assert (await caller.ends()).trace == ["first", "other.ask", "other.back", "right", "bye"]
        assert caller.heard("Riktig.")


async def test_a_key_in_the_middle_of_the_music_leads_out_of_the_queue(phones: Lab) -> None:
    engine = Engine()
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    nodes = """
  first:
    type: queue
    queue: q
    waiting:
      welcome: {nb: Velkommen., en: Welcome.}
      keys: {4: out}
      say_keys: {nb: Tast 4., en: Press 4.}
      first_after: 2s
    overflow: bye
    unavailable: bye
  out: {type: say, say: {nb: Ute., en: Out.}, next: bye}
"""
    async with ringing(phones, HEAD + nodes + GOODBYE, engine) as caller:
        await caller.hears("Tast 4.")
        assert caller.heard("Velkommen.")
        since = caller.bytes_heard
        await caller.hears(MUSIC, since=since)
        await caller.press("9")
        await caller.press("4")
        await caller.hears("Ute.")
        assert (await caller.ends()).trace == ["first", "out", "bye"]
        await engine.commands.drain(1)
        (left,) = engine.told(ContactLeftQueue)
        assert (left.disposition, left.cause) == ("flowed_out", "key")
