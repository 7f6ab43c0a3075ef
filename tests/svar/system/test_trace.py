"""A real call's story, and the same call again as a scenario: `svar trace` beside a node, and after it has stopped."""

import asyncio
from pathlib import Path

from ivr.book import load_book
from ivr.simulator.scenario import run_text
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import phones_at, talks_for

FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: Tast 1 for saken. Tast 2 for kø.}
    keys: {1: case, 2: wait}
    no_choice: bye
  case:
    type: digits
    say: {nb: Tast fødselsnummeret.}
    variable: identity_number
    expect: {check: national_identity_number}
    next: wait
    no_entry: bye
  wait: {type: queue, queue: work, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
PRESSED = "13897248098"
"""A synthetic identity number."""


async def contact_of(node: Installation) -> str:
    return (await node.told("trace")).split()[2]


async def test_a_real_call_is_told_and_told_again_as_a_scenario_that_passes(tmp_path: Path) -> None:
    installation = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW})
    async with running(installation) as node:
        async with phones_at(node) as phones:
            await phones.register("anna", talks_for(1.0))
            caller = await phones.answered_call()
            await asyncio.sleep(0.5)
            for key in "1" + PRESSED:
                await phones.press(caller, key)
            agent = await phones.rings()
            await until(lambda: agent.ended, "end of the talk", deadline_s=15)
            await until(lambda: caller.ended, "goodbye", deadline_s=10)
            await node.quiet()
        contact = await contact_of(node)
        code, story = await node.command("trace", contact)
        assert code == 0, story
        wanted = ["rang 5000 (test", "menu", "case (digits)", "wait (queue)", "anna answers", "bye", "ended: answered"]
        places = [story.find(words) for words in wanted]
        assert -1 not in places, story
        assert places == sorted(places), story
        code, scenario = await node.command("trace", contact, "--as-scenario")
        assert code == 0, scenario
        code, ladder = await node.command("trace", contact, "--sip")
        assert code == 0, ladder
        legs = ["SIP at node n1:", ", who called", ", anna", "INVITE sip:5000@", "INVITE sip:anna@", "BYE "]
        places = [ladder.find(words) for words in legs]
        assert -1 not in places, ladder
        assert places == sorted(places), ladder
        assert "2 ──► 200 OK (INVITE) +SDP" in ladder
        page = await node.page(f"/contacts/{contact}")
        for words in ("<b>menu</b>", "anna answers", "offered to anna", "INVITE sip:anna@", "200 OK (INVITE) +SDP"):
            assert words in page, words
        assert contact in await node.page("/contacts")
        for text in (story, scenario, ladder, page):
            assert "4799999999" not in text
        (result,) = await asyncio.to_thread(run_text, load_book(tmp_path / "flows"), "trace.yaml", scenario)
        assert result.failures == (), scenario
        assert result.story is not None
        assert result.story.path == ("menu", "case", "wait", "bye")


async def test_a_story_is_told_when_the_node_has_stopped_and_an_unknown_contact_is_not(tmp_path: Path) -> None:
    installation = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW})
    async with running(installation) as node, phones_at(node) as phones:
        caller = await phones.answered_call()
        await asyncio.sleep(0.3)
        caller.hang_up()
        await node.quiet()
    contact = await contact_of(installation)
    code, story = await installation.command("trace", contact)
    assert (code, "ended: menu_ended (caller_hung_up)" in story) == (0, True), story
    code, told = await installation.command("trace", "nobody")
    assert (code, "there is no contact 'nobody'" in told) == (1, True), told
