"""Leaving a message."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.catalogue import ContactEnded, ContactLeftQueue, VoicemailLeft
from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.nodes import NODE_TYPES
from ivr.running.queueing import FLOWED_OUT
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from ivr.simulator.mailboxes import SimulatedMailboxes
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts

VIRTUAL_TIME = True
FIRST = """
  first:
    type: voicemail
    mailbox: family
    say: {nb: Si det etter tonen., en: Say it after the tone.}
    most: 1m
    silence: 5s
    too_short: {nb: For kort., en: Too short.}
    saved: {nb: Takk., en: Thanks.}
    done: bye
    failed: sorry
  sorry: {type: hangup, say: {nb: Ring igjen., en: Call again.}}
"""
BEEPED_S = 2.0
"""By then the text and the tone are over."""


class Story:
    """One caller who comes to a mailbox: what they do at which second."""

    def __init__(self, nodes: str = FIRST) -> None:
        self.engine = Engine()
        self.mailboxes = SimulatedMailboxes()
        self.engine.services = replace(self.engine.services, mailboxes=self.mailboxes)
        self.flow = flow_of(HEAD + nodes + GOODBYE)
        self.call: SimulatedCall
        self.data: FlowRun

    async def told(self, acts: Sequence[tuple[float, str]]) -> "Story":
        self.data = self.engine.begin(self.flow, "c1")
        self.call, task = self.engine.dial(self.flow, "c1", self.data)
        for at_s, act in acts:
            asyncio.get_running_loop().call_later(at_s, self._act, act)
        await task
        await self.engine.commands.drain(5)
        await self.engine.close()
        return self

    def _act(self, act: str) -> None:
        if act == "hangs up":
            self.call.hang_up()
        elif act.startswith("says "):
            self.call.speak(float(act.removeprefix("says ")))
        else:
            self.call.press(act)

    @property
    def outcome(self) -> str:
        (ended,) = self.engine.told(ContactEnded)
        return str(ended.outcome)


async def test_a_message_is_kept_and_told_of_without_the_number() -> None:
    story = await Story().told([(BEEPED_S, "says 8"), (12, "#")])
    assert texts(story.call) == ["Si det etter tonen.", "(beep)", "Takk.", "Ha det."]
    (message,) = story.mailboxes.kept
    assert (message.mailbox, message.about.service, message.about.language) == ("family", "test", "nb")
    (left,) = story.engine.told(VoicemailLeft)
    assert (left.mailbox, left.message, left.contact) == ("family", message.message, "c1")
    assert left.duration_ms == message.about.duration_ms > 8_000
    assert story.outcome == "voicemail"


async def test_silence_ends_a_message() -> None:
    story = await Story().told([(BEEPED_S, "says 8")])
    assert len(story.mailboxes.kept) == 1
    assert texts(story.call)[-2:] == ["Takk.", "Ha det."]


async def test_who_hangs_up_while_speaking_has_left_a_message() -> None:
    story = await Story().told([(BEEPED_S, "says 8"), (9, "hangs up")])
    assert len(story.mailboxes.kept) == 1
    assert len(story.engine.told(VoicemailLeft)) == 1
    assert (story.outcome, story.data.elsewhere.message) == ("voicemail", story.mailboxes.kept[0].message)


@pytest.mark.parametrize("acts", [[(BEEPED_S, "says 1"), (4, "hangs up")], [(0.5, "hangs up")], [(1.5, "hangs up")]])
async def test_who_hangs_up_before_saying_much_leaves_nothing(acts: list[tuple[float, str]]) -> None:
    story = await Story().told(acts)
    assert (story.mailboxes.kept, story.mailboxes.begun) == ([], [])
    assert story.outcome == "menu_ended"


async def test_too_short_a_message_is_asked_for_again() -> None:
    story = await Story().told([(BEEPED_S, "says 1"), (4, "#"), (8, "says 5"), (14, "#")])
    again = ["For kort.", "Si det etter tonen.", "(beep)"]
    assert texts(story.call) == ["Si det etter tonen.", "(beep)", *again, "Takk.", "Ha det."]
    assert len(story.mailboxes.kept) == 1


async def test_who_says_nothing_fails_after_so_many_attempts() -> None:
    story = await Story().told([])
    assert texts(story.call)[-1] == "Ring igjen."
    assert texts(story.call).count("(beep)") == 2
    assert (story.mailboxes.begun, story.outcome) == ([], "completed")


async def test_nobody_speaks_to_a_mailbox_that_is_full() -> None:
    story = Story()
    story.mailboxes.full.add("family")
    assert texts((await story.told([])).call) == ["Ring igjen."]


async def test_a_message_that_the_disk_did_not_take_has_failed() -> None:
    story = Story()
    story.mailboxes.broken = True
    await story.told([(BEEPED_S, "says 8"), (12, "#")])
    assert texts(story.call)[-1] == "Ring igjen."
    assert (story.engine.told(VoicemailLeft), story.outcome) == ([], "completed")


async def test_without_mailboxes_callers_go_on_at_failed() -> None:
    story = Story()
    story.engine.services = replace(story.engine.services, mailboxes=None)
    assert texts((await story.told([])).call) == ["Ring igjen."]


async def test_the_terminator_during_the_text_brings_the_tone_at_once() -> None:
    story = await Story().told([(0.5, "#"), (1.5, "says 8")])
    beep = next(heard for heard in story.call.heard if heard.text == "(beep)")
    assert beep.at_s == 0.5
    assert len(story.mailboxes.kept) == 1


async def test_a_node_that_stops_keeps_what_was_said() -> None:
    story = Story()
    data = story.engine.begin(story.flow, "c1")
    call, task = story.engine.dial(story.flow, "c1", data)
    await asyncio.sleep(BEEPED_S)
    call.speak(60)
    await asyncio.sleep(10)
    task.cancel()
    await asyncio.wait({task})
    await story.engine.commands.drain(5)
    assert len(story.mailboxes.kept) == 1
    await story.engine.close()


QUEUED = """
  first: {type: queue, queue: q, max_wait: 30s, overflow: leave, unavailable: sorry}
""" + FIRST.replace("first:", "leave:")


@pytest.mark.parametrize(("says", "outcome"), [("says 8", "voicemail"), ("hangs up", "abandoned")])
async def test_a_queue_that_overflows_into_a_mailbox_tells_so(says: str, outcome: str) -> None:
    story = Story(QUEUED)
    await story.engine.staff()
    await story.told([(30 + BEEPED_S, says)])
    (left,) = story.engine.told(ContactLeftQueue)
    assert (left.disposition, left.cause) == ("flowed_out", "voicemail")
    assert (story.outcome, story.data.journey[0].outcome) == (outcome, "voicemail")


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("most: 1m", "most: 11m", "most is more than 10m"),
        ("most: 1m", "least: 2m", "least is not less than most"),
        ("most: 1m", "terminator: 5", "terminator"),
        ("most: 1m", "most: 60", "write 60s"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, wrong: str, said: str) -> None:
    flow, marked = load_flow("t.yaml", HEAD + FIRST.replace(text, wrong) + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))


def test_a_queue_knows_every_cause_that_nodes_give_it() -> None:
    assert {node.flows_out_as for node in NODE_TYPES.values()} <= FLOWED_OUT
