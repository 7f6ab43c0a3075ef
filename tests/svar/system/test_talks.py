"""What agents do in a talk, by their phones' buttons and by keys: who hears whom, and that nobody is lost."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from sip.events import Accepted, ReferProgress
from sip.message.transfer import ReferTo
from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Behaviour, Phones, answers, lets_it_ring, phones_at, refuses

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTS = """
[[queue]]
name = "work"
[[queue]]
name = "second"
[[agent]]
name = "kari"
skills = {{work = 5}}
[[agent]]
name = "berit"
skills = {{second = 5}}
[[agent]]
name = "olga"
skills = {{second = 5}}
[[destination]]
name = "hospital"
uri = "sip:hospital@127.0.0.1:{port}"
ring_s = 3
[talk.numbers]
21 = "agent:berit"
31 = "queue:second"
41 = "destination:hospital"
"""
TRUNK = """
[[trunk]]
name = "carrier"
networks = ["127.0.0.2/32"]
"""
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""


class Scene:
    """A caller who talks to kari; berit is another agent, the hospital a destination."""

    def __init__(self, node: Installation, phones: Phones, callers: Phones) -> None:
        self.node = node
        self.phones = phones
        self.callers = callers
        self.before: dict[str, tuple[int, ...]] = {}
        self.caller: Handset
        self.kari: Handset

    async def begin(self) -> None:
        self.before = {queue: await self.node.balance(queue) for queue in ("work", "second")}
        self.caller = await self.callers.answered_call()
        self.kari = await self.phones.rings()
        await self.kari.connected()
        await together(self.caller, self.kari)

    async def press(self, keys: str) -> None:
        for key in keys:
            self.kari.rtp.press(key)
            await asyncio.sleep(0.25)

    async def second_rings(self) -> Handset:
        second = await self.phones.rings(2)
        await second.connected()
        return second

    def refer(self, user: str, *, host: str = "127.0.0.1") -> None:
        """kari's phone asks for a transfer."""
        target = ReferTo(SipUri(user, host, self.phones.server.port))
        assert self.phones.user_agent.refer(self.kari.session, target)

    async def told(self, phone: Handset) -> int:
        """The last that the phone was told of its transfer."""
        await until(lambda: any(one.over for one in progress(phone)), "the end of the referral", deadline_s=10)
        return next(one.status for one in progress(phone) if one.over)


def progress(phone: Handset) -> list[ReferProgress]:
    return [event for event in phone.heard_of if isinstance(event, ReferProgress)]


async def together(*handsets: Handset) -> None:
    """All of them hear each other, at the fourth time at the latest: a busy machine leaves frames out."""
    for n, speaker in enumerate(handsets):
        sound = tone(f"{id(speaker)} {n}", 0.6)
        others = [other for other in handsets if other is not speaker]
        for _ in range(3):
            if await _hear(others, speaker, sound, deadline_s=2.0):
                break
        else:
            assert await _hear(others, speaker, sound, deadline_s=5.0), "they do not hear each other"


async def _hear(others: list[Handset], speaker: Handset, sound: bytes, *, deadline_s: float) -> bool:
    """Whether they hear what the speaker says now."""
    since = {other: len(other.rtp.heard) for other in others}
    await talk(speaker, sound)
    ends_at = asyncio.get_running_loop().time() + deadline_s
    while not all(hears(other, sound, since=since[other]) for other in others):
        if asyncio.get_running_loop().time() > ends_at:
            return False
        await asyncio.sleep(0.02)
    return True


async def apart(speaker: Handset, other: Handset) -> None:
    """What one says the other does not hear."""
    sound = tone(f"apart {id(speaker)}", 0.6)
    since = len(other.rtp.heard)
    await talk(speaker, sound)
    await asyncio.sleep(0.1)
    assert contains(other.rtp.heard[since:], sound) < 0.3


async def music(handset: Handset) -> None:
    """It gets sound, and it is not silence."""
    since = len(handset.rtp.heard)
    await until(lambda: len(handset.rtp.heard) >= since + 4000, "music")
    assert len(set(handset.rtp.heard[since:])) > 20, "silence"


@pytest.fixture(scope="module")
def port() -> int:
    """Where the phones of agents and of the hospital are."""
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory, port: int) -> AsyncIterator[Installation]:
    folder = tmp_path_factory.mktemp("node")
    async with running(Installation(folder, PARTS.format(port=port), flows={"test.yaml": FLOW}, trunks=TRUNK)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(node: Installation, port: int) -> AsyncIterator[Scene]:
    async with (
        phones_at(node, port=port, proves="kari") as phones,
        phones_at(node, "127.0.0.2") as callers,
    ):
        for agent in ("kari", "berit"):
            await phones.register(agent, answers)
        made = Scene(node, phones, callers)
        try:
            await made.begin()
            yield made
        finally:
            callers.hang_up()
            await phones.leave()


async def test_an_agent_consults_another_by_keys_and_takes_the_caller_back(scene: Scene) -> None:
    await scene.press("*121#")
    berit = await scene.second_rings()
    await together(scene.kari, berit)
    await music(scene.caller)
    await apart(scene.kari, scene.caller)
    await scene.press("*3")
    await until(berit.is_over, "berit on the hook")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari)
    scene.caller.hang_up()
    await scene.node.quiet()
    assert await scene.node.logged_in() == {"ready": 2}


async def test_an_agent_gives_the_caller_to_who_was_consulted(scene: Scene) -> None:
    await scene.press("*121#")
    berit = await scene.second_rings()
    await together(scene.kari, berit)
    await scene.press("*4")
    await until(scene.kari.is_over, "kari on the hook")
    await together(scene.caller, berit)
    scene.caller.hang_up()
    await until(berit.is_over, "berit on the hook")
    await scene.node.quiet()
    assert await scene.node.logged_in() == {"ready": 2}


async def test_an_agent_consults_a_queue_and_gives_the_caller_to_who_answers(scene: Scene) -> None:
    await scene.press("*131#")
    berit = await scene.second_rings()
    await together(scene.kari, berit)
    await apart(scene.kari, scene.caller)
    await scene.press("*4")
    await until(scene.kari.is_over, "kari on the hook")
    await together(scene.caller, berit)
    scene.caller.hang_up()
    await until(berit.is_over, "berit on the hook")
    await scene.node.quiet()
    assert await scene.node.balance("second") == scene.before["second"], "who is asked is nobody's caller"


async def test_three_talk_and_the_third_leaves(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = answers
    await scene.press("*141#")
    interpreter = await scene.second_rings()
    await together(scene.kari, interpreter)
    await scene.press("*5")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari, interpreter)
    await scene.press("*6")
    await until(interpreter.is_over, "the interpreter on the hook")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari)
    scene.kari.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()


async def test_an_agent_hears_that_a_short_number_is_none(scene: Scene) -> None:
    since = len(scene.kari.rtp.heard)
    await scene.press("*199#")
    await until(lambda: len(set(scene.kari.rtp.heard[since:])) > 20, "words")
    assert "has no sound yet" not in scene.node.log()


async def test_a_phone_transfers_its_caller_by_refer_and_is_told(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = answers
    scene.refer("hospital")
    hospital = await scene.second_rings()
    assert await scene.told(scene.kari) == 200
    await until(scene.kari.is_over, "kari on the hook")
    await together(scene.caller, hospital)
    hospital.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()
    assert await scene.node.logged_in() == {"ready": 2}


@pytest.mark.parametrize(("behaviour", "status"), [(refuses(486), 486), (lets_it_ring, 480)], ids=["busy", "silent"])
async def test_a_transfer_that_is_not_taken_brings_the_caller_back(
    scene: Scene, behaviour: Behaviour, status: int
) -> None:
    scene.phones.behaviours["hospital"] = behaviour
    scene.refer("hospital")
    assert await scene.told(scene.kari) == status
    await asyncio.sleep(3.5)
    await together(scene.caller, scene.kari)
    scene.kari.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()


async def test_who_is_sent_back_after_the_agent_left_rings_the_agent_again(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = lets_it_ring
    scene.refer("hospital")
    await scene.phones.rings(2)
    scene.kari.hang_up()
    await music(scene.caller)
    again = await scene.phones.rings(3)
    await again.connected()
    await asyncio.sleep(3.5)
    await together(scene.caller, again)
    scene.caller.hang_up()
    await scene.node.quiet()


async def test_who_is_sent_back_to_nobody_keeps_a_place_in_the_queue(scene: Scene) -> None:
    scene.phones.behaviours |= {"hospital": lets_it_ring, "kari": refuses(486)}
    scene.refer("hospital")
    await scene.phones.rings(2)
    scene.kari.hang_up()
    await eventually(partial(in_queue, scene.node, "work"), "the caller in the queue", 10)
    await music(scene.caller)
    scene.caller.hang_up()
    await scene.node.quiet()


async def test_the_caller_is_given_to_a_queue(scene: Scene) -> None:
    await scene.phones.register("olga", answers)
    await scene.press("*231#")
    second = await scene.second_rings()
    await until(scene.kari.is_over, "kari on the hook")
    await together(scene.caller, second)
    scene.caller.hang_up()
    await scene.node.quiet()
    for queue, (offered, answered, *_) in scene.before.items():
        assert (await scene.node.balance(queue))[:2] == (offered + 1, answered + 1), queue


@pytest.mark.parametrize(
    ("user", "host"),
    [
        ("+4790000000", "127.0.0.1"),
        ("0047900", "127.0.0.1"),
        ("5000", "127.0.0.1"),
        ("hospital", "192.0.2.7"),
        ("hospital%40evil.example", "127.0.0.1"),
    ],
)
async def test_nobody_is_transferred_to_what_is_not_of_the_configuration(scene: Scene, user: str, host: str) -> None:
    scene.refer(user, host=host)
    assert await scene.told(scene.kari) == 403
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1


async def test_a_caller_may_not_ask_for_a_transfer(scene: Scene) -> None:
    target = ReferTo(SipUri("hospital", "127.0.0.1", scene.phones.server.port))
    assert scene.callers.user_agent.refer(scene.caller.session, target)
    assert await scene.told(scene.caller) >= 400
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1


async def test_keys_of_the_caller_move_nobody(scene: Scene) -> None:
    for key in "*141#":
        scene.caller.rtp.press(key)
        await asyncio.sleep(0.25)
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1


async def test_a_caller_who_hangs_up_while_somebody_is_rung_leaves_nobody_behind(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = lets_it_ring
    await scene.press("*141#")
    hospital = await scene.phones.rings(2)
    scene.caller.hang_up()
    await until(hospital.is_over, "no ringing any more")
    await until(scene.kari.is_over, "kari on the hook")
    await scene.node.quiet()
    assert await scene.node.logged_in() == {"ready": 2}


async def second_line(scene: Scene, number: str) -> Handset:
    """kari's phone holds the caller and rings somebody by a second call."""
    scene.kari.reoffer("sendonly")
    await music(scene.caller)
    aside = scene.phones._handset()
    server = scene.phones.server
    aside.dial(SipUri(number, server.host, server.port), server, aside.rtp.sdp(), user="kari")
    await until(lambda: aside.count(Accepted) > 0 or aside.ended, "an end of the second call's ringing")
    return aside


async def test_an_agent_gives_the_caller_away_by_the_phones_two_lines(scene: Scene) -> None:
    """Hold, a second call, and REFER with Replaces: an attended transfer as phones make it."""
    aside = await second_line(scene, "berit")
    berit = await scene.second_rings()
    await together(aside, berit)
    await music(scene.caller)
    replaces = scene.phones.user_agent.core.named_to_others(aside.session)
    target = ReferTo(SipUri("berit", scene.phones.server.host, scene.phones.server.port), replaces)
    assert scene.phones.user_agent.refer(scene.kari.session, target)
    assert await scene.told(scene.kari) == 200
    await until(lambda: scene.kari.ended and aside.ended, "kari on the hook")
    await together(scene.caller, berit)
    scene.caller.hang_up()
    await scene.node.quiet()
    assert await scene.node.logged_in() == {"ready": 2}


async def test_an_agent_who_ends_the_second_call_comes_back_to_the_caller(scene: Scene) -> None:
    aside = await second_line(scene, "21")
    berit = await scene.second_rings()
    await together(aside, berit)
    aside.hang_up()
    await until(berit.is_over, "berit on the hook")
    await music(scene.caller)
    scene.kari.reoffer("sendrecv")
    await asyncio.sleep(0.5)
    await together(scene.caller, scene.kari)
    scene.caller.hang_up()
    await scene.node.quiet()


async def test_a_phone_with_two_lines_joins_them_itself(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = answers
    aside = await second_line(scene, "hospital")
    interpreter = await scene.second_rings()
    await together(aside, interpreter)
    scene.kari.reoffer("sendrecv")
    await asyncio.sleep(0.5)
    await asyncio.gather(together(scene.caller, scene.kari), together(aside, interpreter))
    scene.caller.hang_up()
    await scene.node.quiet()


async def test_a_second_call_to_who_is_busy_ends_and_the_caller_waits_for_the_agent(scene: Scene) -> None:
    scene.phones.behaviours["berit"] = refuses(486)
    aside = await second_line(scene, "berit")
    assert aside.status >= 400
    scene.kari.reoffer("sendrecv")
    await asyncio.sleep(0.5)
    await together(scene.caller, scene.kari)


async def test_an_agent_who_is_in_no_talk_rings_nobody(scene: Scene) -> None:
    scene.kari.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()
    aside = scene.phones._handset()
    server = scene.phones.server
    aside.dial(SipUri("berit", server.host, server.port), server, aside.rtp.sdp(), user="kari")
    await until(lambda: aside.status >= 400, "a refusal")
    assert len(scene.phones.rung) == 1


async def in_queue(node: Installation, queue: str) -> bool:
    return (await node.balance(queue))[4] == 1
