"""A caller answers questions after a talk: over SIP and RTP, on a whole node."""

import asyncio
from pathlib import Path

from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import phones_at, talks_for
from tests.svar.system.published import published

FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, next: ask, overflow: bye, unavailable: bye}
  ask:
    type: survey
    survey: care
    questions:
      - {id: helped, say: {nb: Fikk du hjelp?}, keys: [1, 2]}
      - {id: grade, say: {nb: Fra en til fem?}, keys: 1-5}
    next: bye
  bye: {type: hangup, say: {nb: Ha det.}}
"""
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""


async def test_a_caller_answers_by_keys_once_the_agent_has_hung_up(tmp_path: Path) -> None:
    installation = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW}, mqtt="")
    async with (
        running(installation) as node,
        phones_at(node) as phones,
        published(node, "survey_answered") as heard,
    ):
        await phones.register("anna", talks_for(1.0))
        caller = await phones.answered_call()
        agent = await phones.rings()
        await until(lambda: agent.ended, "end of the talk", deadline_s=10)
        for key in "24":
            await asyncio.sleep(0.3)
            await phones.press(caller, key)
        await until(lambda: caller.ended, "goodbye", deadline_s=10)
        await until(lambda: len(heard) == 2, "two answers", deadline_s=10)
        assert [(told["question"], told["answer"], told["queue"], told["agent"]) for told in heard] == [
            ("helped", 2, "work", ""),
            ("grade", 4, "work", ""),
        ]
        await node.quiet()
        [record] = node.records()
        assert (record["outcome"], record["last_step"], record["agent"]) == ("answered", "bye", "anna")
