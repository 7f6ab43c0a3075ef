"""What an agent tells svar by ringing a code."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from acd.distributor import Unavailable
from acd.model import AgentId, AgentSpec, AgentState, NodeId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import MemorySink
from ivr.language.topics import Topic, TopicTree, topics_of
from ivr.ports.call import CallInfo, ContactId
from ivr.simulator.call import SimulatedCall
from ivr.simulator.prompts import WrittenPrompts
from svar import feature_codes

ANNA = AgentId("anna")


def answered(queue: str) -> Callable[[str], Awaitable[str]]:
    """The queue that anna has answered for, and is in wrap-up."""

    async def queue_of(agent: str) -> str:
        return queue if agent == ANNA else ""

    return queue_of


PLAIN = feature_codes.Codes(answered(""))


@pytest.fixture
async def distributor() -> ModelDistributor:
    made = ModelDistributor("t", NodeId("n"), lambda: 1_000_000, MemorySink())
    await made.configure([QueueSpec(QueueId("q"))], [AgentSpec(ANNA, SiteId("s"), {"q": 1})])
    return made


async def rung(code: str, distributor: ModelDistributor) -> SimulatedCall:
    call = SimulatedCall(CallInfo(ContactId("c"), code, "anna"))
    await feature_codes.serve(call, code, ANNA, distributor, WrittenPrompts(), PLAIN)
    return call


async def state(distributor: ModelDistributor) -> AgentState:
    return (await distributor.agents())[0].state


async def test_an_agent_goes_not_ready_and_ready_again(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung("*2", distributor)
    assert await state(distributor) is AgentState.NOT_READY
    assert [heard.text for heard in call.heard] == ["Du er ikke klar."]
    await rung("*1", distributor)
    assert await state(distributor) is AgentState.READY


async def test_an_agent_without_wrap_up_is_told_that_it_cannot_be_ended(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung("*3", distributor)
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]
    assert await state(distributor) is AgentState.READY


async def test_an_agent_who_is_not_logged_in_is_told_so(distributor: ModelDistributor) -> None:
    call = await rung("*1", distributor)
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]
    assert call.ended


async def test_an_agent_who_hangs_up_before_the_answer_has_been_heard_all_the_same(
    distributor: ModelDistributor,
) -> None:
    await distributor.log_in(ANNA)
    call = SimulatedCall(CallInfo(ContactId("c"), "*2", "anna"))
    call.hang_up()
    await feature_codes.serve(call, "*2", ANNA, distributor, WrittenPrompts(), PLAIN)
    assert await state(distributor) is AgentState.NOT_READY


class Broken(ModelDistributor):
    async def ready(self, agent: AgentId) -> None:
        raise RuntimeError("a bug")


async def test_a_call_that_fails_is_hung_up() -> None:
    call = SimulatedCall(CallInfo(ContactId("c"), "*1", "anna"))
    broken = Broken("t", NodeId("n"), lambda: 0, MemorySink())
    with pytest.raises(RuntimeError):
        await feature_codes.serve(call, "*1", ANNA, broken, WrittenPrompts(), PLAIN)
    assert call.ended


TREE = TopicTree(
    "family", {"nb": "Familie"}, ("q",), (Topic("benefit", {"nb": "Barnetrygd"}, "1", (Topic("b2", {}, "12"),)),)
)
DEBT = TopicTree("debt", {"nb": "Gjeld"}, ("debt",), (Topic("collection", {"nb": "Inkasso"}, "3"),))
CODES = feature_codes.Codes(answered("q"), {"1": "lunch"}, lambda: topics_of([TREE, DEBT]))


async def rung_with(
    code: str, distributor: ModelDistributor, *keys: str, codes: feature_codes.Codes = CODES
) -> SimulatedCall:
    call = SimulatedCall(CallInfo(ContactId("c"), code, "anna"))
    for key in keys:
        call.press(key)
    await feature_codes.serve(call, code, ANNA, distributor, WrittenPrompts(), codes)
    return call


async def reason(distributor: ModelDistributor) -> str:
    return (await distributor.agents())[0].reason


async def test_an_agent_says_why_they_are_not_ready(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    await rung_with("*21", distributor)
    assert (await state(distributor), await reason(distributor)) == (AgentState.NOT_READY, "lunch")


async def test_a_reason_that_is_none_changes_nothing(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung_with("*27", distributor)
    assert [heard.text for heard in call.heard] == ["Den koden finnes ikke."]
    assert await state(distributor) is AgentState.READY


async def test_an_agent_logs_in_and_out_by_phone(distributor: ModelDistributor) -> None:
    call = await rung_with("*8", distributor)
    assert [heard.text for heard in call.heard] == ["Du er logget inn."]
    assert await state(distributor) is AgentState.READY
    call = await rung_with("*9", distributor)
    assert [heard.text for heard in call.heard] == ["Du er logget ut."]
    assert await state(distributor) is AgentState.LOGGED_OUT


class WrappedUp(ModelDistributor):
    """Notes what is said at the end of a wrap-up."""

    said: tuple[str, bool | None] = ("", None)

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None:
        self.said = (topic, concluded)


@pytest.mark.parametrize(
    ("code", "keys", "said"),
    [
        ("*31", ("1",), ("benefit", True)),
        ("*312", ("2",), ("b2", False)),
        ("*312*1", (), ("b2", True)),
        ("*312*0", (), ("b2", False)),
        ("*3", (), ("", None)),
        ("*3*1", (), ("", True)),
    ],
)
async def test_wrap_up_ends_with_a_topic_and_whether_the_case_is_concluded(
    code: str, keys: tuple[str, ...], said: tuple[str, bool | None]
) -> None:
    distributor = WrappedUp("t", NodeId("n"), lambda: 0, MemorySink())
    call = await rung_with(code, distributor, *keys)
    assert distributor.said == said
    assert call.heard[-1].text == "Etterarbeidet er ferdig."


async def test_an_agent_who_hangs_up_at_the_question_has_given_the_topic_all_the_same() -> None:
    distributor = WrappedUp("t", NodeId("n"), lambda: 0, MemorySink())
    call = SimulatedCall(CallInfo(ContactId("c"), "*31", "anna"))
    call.hang_up()
    await feature_codes.serve(call, "*31", ANNA, distributor, WrittenPrompts(), CODES)
    assert distributor.said == ("benefit", None)


@pytest.mark.parametrize("digits", ["99", "3"])
async def test_a_topic_that_the_queue_s_tree_has_not_is_refused_and_named(digits: str) -> None:
    distributor = WrappedUp("t", NodeId("n"), lambda: 0, MemorySink())
    call = await rung_with(f"*3{digits}*1", distributor)
    [heard] = call.heard
    said = {"99": "ni ni", "3": "tre"}[digits]
    assert heard.text == f"Køen du svarte for har ikke emnet {said}."
    assert distributor.said == ("", None)


@pytest.mark.parametrize(("queue", "said"), [("debt", "collection"), ("desk", "3")])
async def test_a_topic_is_of_the_queue_that_was_answered_and_without_a_tree_it_is_taken(queue: str, said: str) -> None:
    distributor = WrappedUp("t", NodeId("n"), lambda: 0, MemorySink())
    await rung_with("*33*1", distributor, codes=replace(CODES, queue_of=answered(queue)))
    assert distributor.said == (said, True)


async def test_who_is_in_no_wrap_up_is_not_asked_whether_a_case_is_concluded(distributor: ModelDistributor) -> None:
    await distributor.log_in(ANNA)
    call = await rung_with("*31", distributor, codes=replace(CODES, queue_of=answered("")))
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]


async def test_while_the_store_is_away_no_topic_is_taken(distributor: ModelDistributor) -> None:
    async def away(agent: str) -> str:
        raise Unavailable("away")

    call = await rung_with("*31", distributor, codes=replace(CODES, queue_of=away))
    assert [heard.text for heard in call.heard] == ["Det går ikke nå."]


@pytest.mark.parametrize("number", ["*1", "*2", "*25", "*3", "*3123", "*3123*0", "*8", "*9"])
def test_codes_are_known(number: str) -> None:
    assert feature_codes.is_code(number)


@pytest.mark.parametrize("number", ["*", "*0", "*4", "*12", "*2*1", "*81", "*3*2", "*21234567", "1", "**1", "*1*1"])
def test_other_numbers_are_none(number: str) -> None:
    assert not feature_codes.is_code(number)
