"""The main job: dial, choose, wait, talk, be counted. Phones on plain sockets, judged by what they heard and showed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ivr.language.prompting import Number
from ivr.prompts.cache import speech_name
from ivr.prompts.phrases import sentence
from ivr.prompts.speech import VOICES
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.svar.system.installation import ROOT, Installation, eventually, running
from tests.svar.system.phones import lets_it_ring, phones_at

pytestmark = pytest.mark.interop

EXAMPLE = (ROOT / "deploy" / "example.toml").read_text()
PARTS = EXAMPLE[EXAMPLE.index("[[queue]]") :]
MENU = (
    "Velkommen. For økonomisk sosialhjelp og andre kommunale tjenester, tast 1. Arbeid og helse, tast 2. "
    "Familie, tast 3. Uføretrygd, tast 4. Annet, tast 5. Vet du ikke hva du skal velge, tast 0. "
    "Andre språk, tast 8. For English, press 9."
)
LIKE = 0.9


@pytest.fixture
async def example(tmp_path: Path) -> AsyncIterator[Installation]:
    """The example service, open at any hour, with its MQTT broker."""
    made = Installation(tmp_path, PARTS, flows=ROOT / "flows", settings="{ demo = true }", mqtt="")
    async with running(made):
        yield made


def prompt_file(installation: Installation, text: str) -> Path:
    return installation.state / "prompts" / speech_name(text, VOICES["nb"])


def spoken(installation: Installation, text: str) -> bytes:
    return prompt_file(installation, text).read_bytes()


def hears_whole(handset: Handset, sound: bytes) -> bool:
    heard = handset.rtp.heard
    return len(heard) >= len(sound) and contains(heard, sound) > LIKE


async def test_a_caller_chooses_waits_and_talks_to_an_agent_and_is_counted(example: Installation) -> None:
    async with phones_at(example) as phones:
        caller = await phones.answered_call("5000")
        menu = spoken(example, MENU)
        await until(lambda: hears_whole(caller, menu[:16_000]), "the menu's first two seconds", deadline_s=5)
        await phones.press(caller, "2")
        welcome = spoken(example, "Du kommer til arbeid og helse.")
        await until(lambda: hears_whole(caller, welcome), "the queue's welcome", deadline_s=6)
        assert not hears_whole(caller, menu[-16_000:]), "the menu went on after the key"
        await until(lambda: hears_place(example, caller), "the position", deadline_s=8)
        metrics = await example.metrics()
        assert metrics['svar_queue_waiting{queue="work_health"}'] == 1

        await phones.register("anna", lets_it_ring)
        agent = await phones.rings()
        await eventually(lambda: _in_state(example, "offered"), "offer")
        agent.answer()
        await agent.connected()
        caller_says, agent_says = tone("caller says", 0.6), tone("agent says", 0.6)
        await eventually(lambda: _in_state(example, "talking"), "talk")
        await asyncio.gather(talk(caller, caller_says), talk(agent, agent_says))
        await until(lambda: hears(agent, caller_says), "the caller at the agent's phone")
        await until(lambda: hears(caller, agent_says), "the agent at the caller's phone")
        agent.hang_up()
        await until(lambda: caller.ended, "end of the call", deadline_s=8)
        await eventually(lambda: _in_state(example, "wrap_up"), "wrap-up")
        coded = await phones.dial_code("anna", "*3")
        assert contains(coded.rtp.heard, spoken(example, "Etterarbeidet er ferdig.")) > LIKE
        await example.quiet()

        assert await example.balance("work_health") == (1, 1, 0, 0, 0)
        (record,) = example.records()
        _is_right(record)
        metrics = await example.metrics()
        assert metrics['svar_svargrad_ratio{queue="work_health"}'] == 1
        assert metrics['svar_answer_wait_seconds_count{queue="work_health"}'] == 1
        row = shown_rows(await example.page("/"))["Arbeid og helse"]
        assert row["waiting"] == "0"
        assert row["oldest"] == "–"
        assert (row["offered"], row["answered"], row["lost"]) == ("1", "1", "0")
        assert row["svargrad_today"] == row["svargrad_now"] == "100,0 %"
        state = await retained(example, "svar/t/queue/work_health")
        assert (state["offered"], state["answered"], state["lost"], state["svargrad"]) == (1, 1, 0, 1)


def shown_rows(page: str) -> dict[str, dict[str, str]]:
    """The wallboard's figures by the queue's title and their names."""
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', page)
    return {title: dict(re.findall(r'data-k="q\|[^|"]*\|(\w+)"[^>]*>([^<]*)<', cells)) for title, cells in rows}


def hears_place(example: Installation, caller: Handset) -> bool:
    """The first place, said in one breath where that is spoken already, else piece by piece."""
    whole = sentence("nb", "Du er nummer {position} i køen.", {"position": Number(1)}).text
    ready = [text for text in (whole, "Du er nummer") if prompt_file(example, text).exists()]
    return any(hears_whole(caller, spoken(example, text)) for text in ready)


async def _in_state(example: Installation, state: str) -> bool:
    return (await example.agents()).get(state) == 1


def _is_right(record: dict[str, Any]) -> None:
    assert (record["number"], record["flow"], record["queue"]) == ("5000", "main", "work_health")
    assert (record["outcome"], record["agent"], record["site"]) == ("answered", "anna", "oslo")
    (visit,) = json.loads(record["visits"])
    (offer,) = json.loads(record["offers"])
    assert visit["end"] == offer["outcome"] == "answered"
    assert record["started_ms"] < visit["arrived_ms"] < record["answered_ms"] < record["ended_ms"]
    assert record["waited_ms"] == record["answered_ms"] - visit["arrived_ms"]
    assert 500 < record["talked_ms"] < record["duration_ms"]
    assert 0 < record["wrap_up_ms"] < 15_000


async def retained(example: Installation, topic: str) -> dict[str, Any]:
    """What the broker keeps for a topic."""
    found = re.search(r"^MQTT: mqtt://(.+):(\d+)$", example.log(), re.MULTILINE)
    assert found, "svar does not say where its broker is"
    async with aiomqtt.Client(found[1], int(found[2])) as client:
        await client.subscribe(topic)
        async with asyncio.timeout(5):
            async for message in client.messages:
                assert message.retain
                assert isinstance(message.payload, bytes)
                state: dict[str, Any] = json.loads(message.payload)
                return state
    raise AssertionError("unreachable")
