"""The example service with phones that share no code with it: menu, queue, agent, talk, judged by what was heard."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from ivr.book import load_book
from ivr.prompts.cache import speech_name
from ivr.prompts.speech import VOICES
from tests.interop.phones import ROOT, Served, baresip, pyvoip, serving
from tests.interop.sound import RATE_HZ, Samples, a_law_file, likeness, power_at, share_alike, wav_file

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

MAIN, PENSION = "5000", "5001"
MENU_S, TALK_S, WAITING_S = 3.0, 2.5, 25.0
ALIKE, PURE, MOST = 0.8, 0.9, 0.5
"""How alike recordings of a sound are at least, how much of the sound a tone is, and how much has to be heard."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One for all: a phone that goes unregisters, so that no agent is there when the next test begins."""
    async with serving(tmp_path_factory.mktemp("node")) as served:
        yield served


def prompt(node: Served, number: str, beginning: str, language: str = "nb") -> Samples:
    """The sound of the text of the flow behind `number` that begins so."""
    said = load_book(ROOT / "flows").by_number[number].said()
    (text,) = {each.texts[language] for each in said if each.texts.get(language, "").startswith(beginning)}
    return a_law_file(node.state / "prompts" / speech_name(text.strip(), VOICES[language]))


def spoken(node: Served, text: str, language: str = "nb") -> Samples:
    return a_law_file(node.state / "prompts" / speech_name(text, VOICES[language]))


async def test_a_caller_hears_the_menu_presses_2_and_talks_to_an_agent(node: Served, tmp_path: Path) -> None:
    port = node.sip_port
    async with (
        baresip(tmp_path / "agent", "anna", port, password=node.password("anna"), answers=True, tone_hz=880) as agent,
        baresip(tmp_path / "caller", "4799", port) as caller,
    ):
        await agent.dial(f"sip:*1@127.0.0.1:{port}")
        await agent.event("CALL_CLOSED")
        assert likeness(wav_file(agent.heard()), spoken(node, "Du er klar."))[0] > ALIKE
        await caller.dial(f"sip:{MAIN}@127.0.0.1:{port}")
        await caller.event("CALL_ESTABLISHED")
        await asyncio.sleep(MENU_S)
        await caller.press("2")
        await agent.event("CALL_ESTABLISHED", 2)
        await asyncio.sleep(TALK_S)
        await agent.hang_up()
        await caller.event("CALL_CLOSED")
    heard = wav_file(caller.heard())
    menu = prompt(node, MAIN, "Velkommen.")[: round((MENU_S - 0.5) * RATE_HZ)]
    score, at_s = likeness(heard, menu)
    assert score > ALIKE
    assert at_s < 0.5
    assert power_at(heard[-RATE_HZ:], 880) > PURE
    assert power_at(wav_file(agent.heard())[-RATE_HZ:], 440) > PURE


async def test_a_caller_who_waits_hears_the_place_in_the_queue_and_music(node: Served, tmp_path: Path) -> None:
    async with baresip(tmp_path / "caller", "4799", node.sip_port) as caller:
        await caller.dial(f"sip:{PENSION}@127.0.0.1:{node.sip_port}")
        await caller.event("CALL_ESTABLISHED")
        await asyncio.sleep(WAITING_S)
        await caller.hang_up()
        await caller.event("CALL_CLOSED")
    heard = wav_file(caller.heard())
    score, _ = likeness(heard, spoken(node, "Du er nummer én i køen."))
    assert score > ALIKE
    music = a_law_file(next((node.state / "prompts").glob("music-*.al")))[: 2 * RATE_HZ]
    assert likeness(heard, music)[0] > ALIKE


async def test_pyvoip_answers_as_an_agent(node: Served, tmp_path: Path) -> None:
    port, heard = node.sip_port, tmp_path / "agent.raw"
    async with (
        pyvoip("answer", "anna", port, node.password("anna"), heard, "3") as agent,
        baresip(tmp_path / "caller", "4799", port) as caller,
    ):
        assert agent.stdout is not None
        assert await asyncio.wait_for(agent.stdout.readline(), 20) == b"registered\n"
        await caller.dial(f"sip:{MAIN}@127.0.0.1:{port}")
        await caller.event("CALL_ESTABLISHED")
        await asyncio.sleep(1)
        await caller.press("2")
        assert await asyncio.wait_for(agent.stdout.readline(), 20) == b"answered\n"
        await caller.event("CALL_CLOSED")
        assert await asyncio.wait_for(agent.stdout.readline(), 20) == b"over\n"
    assert power_at(unsigned(heard)[-RATE_HZ:], 440) > PURE
    # pyVoIP sends its tone with gaps, which spread its power.
    assert power_at(wav_file(caller.heard())[-RATE_HZ:], 1000) > PURE / 2


async def test_pyvoip_hears_the_menu_as_a_caller(node: Served, tmp_path: Path) -> None:
    heard = tmp_path / "caller.raw"
    async with pyvoip("call", "bjorn", node.sip_port, node.password("bjorn"), heard, MAIN, "6") as caller:
        assert caller.stdout is not None
        for word in (b"registered\n", b"answered\n", b"over\n"):
            assert await asyncio.wait_for(caller.stdout.readline(), 20) == word
    menu = prompt(node, MAIN, "Velkommen.")[RATE_HZ : 3 * RATE_HZ]
    # Its threads put gaps into what it hears on a busy machine.
    assert share_alike(unsigned(heard), menu) > MOST


def unsigned(path: Path) -> Samples:
    """pyVoIP's samples: 8 bits, 128 is silence."""
    return np.frombuffer(path.read_bytes(), np.uint8).astype(np.float64) - 128
