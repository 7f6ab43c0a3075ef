"""What a caller hears while waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.model import Place
from acd.simulated import ModelDistributor
from ivr.language.prompting import Said
from ivr.ports.call import CallInfo, Clip, ContactId
from ivr.running.announcing import Announcer, Waiting
from ivr.running.run import Run
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import QUEUE, Engine, flow_of

VIRTUAL_TIME = True
SAID = Waiting.model_validate(
    {
        "welcome": {"nb": "Hei."},
        "position": {"nb": "Nummer {position} av {waiting}."},
        "position_and_wait": {"nb": "Nummer {position}, {wait}."},
        "delayed": {"nb": "Vent."},
        "first_after": "2s",
        "every": "30s",
    }
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


async def waiting(engine: Engine, said: Waiting, *, tells: Place | None = None) -> tuple[Announcer, SimulatedCall]:
    await engine.staff()
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test"))
    await call.answer()
    data = engine.begin(flow_of(QUEUE), "c1")
    services = engine.services
    if tells is not None:
        telling = Telling("t", services.node, services.now_ms, services.sink)
        telling.told = tells
        services = replace(services, distributor=telling)
    return Announcer(Run(call, data, services, engine.book(flow_of(QUEUE))), said), call


def texts(call: SimulatedCall) -> list[str]:
    return [heard.text for heard in call.heard]


async def test_where_no_wait_is_estimated_the_position_alone_is_said(engine: Engine) -> None:
    call, _ = engine.dial(flow_of(QUEUE))
    await engine.staff()
    await asyncio.sleep(60)
    assert texts(call)[0] == "Du er nummer én."
    assert [round(heard.at_s) for heard in call.heard] == [2, 48]


async def test_the_estimated_wait_is_said_where_there_is_one(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.talks_s = 100
    text = QUEUE.replace("position: {", "position_and_wait: {nb: 'Nummer {position}, {wait}.'}\n      position: {")
    flow = flow_of(text)
    for contact in ("c1", "c2", "c3", "c4", "c5", "c6"):
        call, _ = engine.dial(flow, contact)
        await asyncio.sleep(1)
    await asyncio.sleep(450)
    estimated = (await engine.distributor.place("c6")).estimated_wait_s
    assert estimated is not None
    assert any(said.startswith("Nummer") and "minutt" in said for said in texts(call))


class Telling(ModelDistributor):
    """Tells one place."""

    told = Place(2, 3, 0, 420, 300, 600)

    async def place(self, contact: str) -> Place:
        return self.told


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(2, 3, 0, 420, 300, 600), "Nummer to, mellom fem og ti minutter."),
        (Place(2, 3, 0, 4200, 3600, None), "Nummer to, over én time."),
        (Place(2, 3, 0, 420), "Nummer to av tre."),
    ],
    ids=["between", "over", "silent"],
)
async def test_the_interval_is_said_where_there_is_one(engine: Engine, place: Place, said: str) -> None:
    fuller = {"nb": "Nummer {position}, {interval}."}
    announcer, call = await waiting(engine, SAID.model_copy(update={"position_and_wait": Said(fuller)}), tells=place)
    announcer.start()
    await asyncio.sleep(10)
    assert texts(call) == ["Hei.", said]
    announcer.stop()


async def test_who_has_no_place_is_told_none_and_music_goes_on(engine: Engine) -> None:
    announcer, call = await waiting(engine, SAID)
    announcer.start()
    await asyncio.sleep(60)
    assert texts(call) == ["Hei."]
    assert call.music
    announcer.stop()


async def test_after_a_silence_it_goes_on_without_the_welcome(engine: Engine) -> None:
    announcer, call = await waiting(engine, SAID)
    announcer.start()
    announcer.start()
    await asyncio.sleep(3)
    await announcer.tell_delay()
    await asyncio.sleep(3)
    assert texts(call) == ["Hei.", "Vent."]
    assert call.music
    await announcer.silence()
    await announcer.silence()


async def test_without_a_text_for_delays_the_music_is_not_disturbed(engine: Engine) -> None:
    announcer, call = await waiting(engine, SAID.model_copy(update={"delayed": None}))
    announcer.start()
    await asyncio.sleep(3)
    await announcer.tell_delay()
    assert texts(call) == ["Hei."]
    assert call.music


async def test_the_end_of_the_call_ends_it(engine: Engine) -> None:
    announcer, call = await waiting(engine, SAID)
    announcer.start()
    await asyncio.sleep(0.1)
    call.hang_up()
    await asyncio.sleep(1)
    assert len(engine.distributor.asked) == 0
    await announcer.silence()


async def test_a_fault_in_an_announcement_is_nobodys_end(engine: Engine) -> None:
    class Broken(SimulatedCall):
        async def start_music(self, clips: tuple[Clip, ...]) -> None:
            raise RuntimeError("no sound card")

    await engine.staff()
    call = Broken(CallInfo(ContactId("c1"), "5000", "test"))
    data = engine.begin(flow_of(QUEUE), "c1")
    announcer = Announcer(Run(call, data, engine.services, engine.book(flow_of(QUEUE))), SAID)
    announcer.start()
    await asyncio.sleep(5)
    await announcer.silence()


async def test_a_sentence_that_cannot_be_said_does_not_end_the_music_or_the_keys(engine: Engine) -> None:
    said = Waiting.model_validate(
        {"welcome": {"nb": "Sak {case}."}, "comfort": [{"nb": "Takk."}], "keys": {"1": "too_long"}, "every": "30s"}
    )
    announcer, call = await waiting(engine, said)
    # After a take-over the digits are on the other node.
    announcer._run.data.asked["case"] = "wait"
    announcer.start()
    await asyncio.sleep(20)
    assert call.music
    assert texts(call) == ["Takk."]
    call.press("1")
    await asyncio.sleep(1)
    assert announcer.pressed.result() == "1"
