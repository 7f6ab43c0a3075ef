"""Who serves whom comes and goes with published versions: phones of new agents, no restart, nobody cut off."""

from pathlib import Path

import pytest

from acd import pointing
from acd.pointing import Who
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import answers, phones_at
from tests.svar.system.publishing import TENANT, publisher, redis_of, serving
from tests.svar.system.test_queues import again

PARTS = '[[queue]]\nname = "work"\n[[agent]]\nname = "anna"\nskills = { work = 5 }\n'
FLOW = """flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: QUEUE, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
ROUTING = """
queues: [{name: housing, title: Bostøtte, target: 80/30}]
sites: [{name: oslo}]
agents: [{name: "oslo-{n}", count: 3, site: oslo, skills: {housing: 5, work: 2}}]
"""


def flows(queue: str, routing: str = "") -> dict[str, bytes]:
    files = {"test.yaml": FLOW.replace("QUEUE", queue).encode()}
    return files | ({"routing/all.yaml": routing.encode()} if routing else {})


async def test_agents_of_a_published_version_register_and_answer_without_a_restart(tmp_path: Path) -> None:
    node = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW.replace("QUEUE", "work")})
    async with running(node), phones_at(node) as phones, publisher(redis_of(node)) as admin:
        await phones.register("anna", answers)
        before = await phones.answered_call()
        await eventually(lambda: talking(node, 1), "anna in a talk")
        first = await admin.publish(flows("housing", ROUTING))
        await serving(node, active=first)
        with pytest.raises(AssertionError):
            await phones.register("oslo-3", answers, password="guessed")
        await phones.register("oslo-3", answers)
        late = await phones.answered_call()
        await eventually(lambda: talking(node, 2), "an agent of the version in a talk")
        assert "Bostøtte" in await node.page("/")
        assert not before.ended
        assert not late.ended
        late.hang_up()
        before.hang_up()
        await until(lambda: late.ended and before.ended, "end of the calls")
        await node.quiet()
        assert [record["queue"] for record in node.records()] == ["work", "housing"]


async def test_a_rollback_takes_agents_back_and_a_repeat_gives_them_again(tmp_path: Path) -> None:
    node = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW.replace("QUEUE", "work")})
    async with running(node), phones_at(node) as phones, publisher(redis_of(node)) as admin:
        await phones.register("anna", answers)
        plain = await admin.publish(flows("work"))
        await serving(node, active=plain)
        more = await admin.publish(flows("housing", ROUTING))
        await serving(node, active=more)
        await phones.register("oslo-1", answers)
        await eventually(lambda: ready(node, 2), "both agents ready")

        async def back_to(id_: str) -> None:
            who = Who("kari", "", TENANT, "admin")
            full = next(version.id for version in await admin.store.versions() if version.id == id_)
            seen = await admin.store.pointer()
            await pointing.make(admin.store, seen, lambda pointer: pointing.roll_back(pointer, full, who))

        await back_to(plain)
        await serving(node, active=plain)
        await eventually(lambda: ready(node, 1), "anna alone")
        with pytest.raises(AssertionError):
            await phones.register("oslo-2", answers, password=node.password("oslo-2"))
        await back_to(more)
        await serving(node, active=more)
        # The phone is registered as before, and its agent is there again without doing anything.
        await eventually(lambda: ready(node, 2), "both agents again")


async def test_a_new_agent_of_the_configuration_is_taken_up_on_sighup(tmp_path: Path) -> None:
    node = Installation(tmp_path, PARTS, flows={"test.yaml": FLOW.replace("QUEUE", "work")})
    async with running(node), phones_at(node) as phones:
        node.config.write_text(node.config.read_text() + '[[agent]]\nname = "bjorn"\nskills = { work = 3 }\n')
        again(node)
        await eventually(lambda: "the queues were read again" in node.log(), "the new agent")
        await phones.register("bjorn", answers)
        await phones.answered_call()
        await eventually(lambda: talking(node, 1), "bjorn in a talk")


async def talking(node: Installation, count: int) -> bool:
    return (await node.agents()).get("talking") == count


async def ready(node: Installation, count: int) -> bool:
    return (await node.agents()).get("ready") == count
