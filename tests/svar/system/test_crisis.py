"""A crisis on a whole node: switched on by the command in a process of its own, heard, and over by itself."""

import os
from pathlib import Path

from sip.events import Accepted
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at, talks_for
from tests.svar.system.published import published

FLOW = """
flow: {name}
title: Test
numbers: [{number}]
languages: [nb]
start: news
nodes:
  news: {{type: message, crisis: true, next: wait}}
  wait: {{type: queue, queue: {name}, next: bye, overflow: bye, unavailable: bye}}
  bye: {{type: hangup, say: {{nb: Ha det.}}}}
"""
CRISIS = """
crisis: payments_late
title: Utbetalinger er forsinket
message: {nb: Pengene kommer.}
first: [{queue: social, head_start: 30m}]
deflect: [{queue: other, say: {nb: Les mer.}, end: true}]
"""
SCENARIOS = """
number: 5001
scenarios:
  - name: a caller hears of the crisis
    at: 2026-11-23 10:00
    crisis: payments_late
    caller: []
    agents: [{name: kari, queues: [social]}]
    expect: {path: [news, wait, bye], heard: [Pengene kommer], outcome: answered}
"""
PARTS = """
[[queue]]
name = "work"
[[queue]]
name = "social"
[[queue]]
name = "other"
[[agent]]
name = "anna"
skills = { work = 5, social = 5 }
"""


def installation(folder: Path) -> Installation:
    flows = folder / "flows"
    for place in (flows, flows / "crises", flows / "scenarios"):
        place.mkdir()
    for name, number in (("work", "5000"), ("social", "5001"), ("other", "5002")):
        (flows / f"{name}.yaml").write_text(FLOW.format(name=name, number=number))
    (flows / "crises" / "late.yaml").write_text(CRISIS)
    (flows / "scenarios" / "late.yaml").write_text(SCENARIOS)
    return Installation(folder, PARTS, flows=flows, mqtt="")


async def figures(node: Installation) -> dict[str, float]:
    return {
        name.removeprefix("svar_crisis_"): value
        for name, value in (await node.metrics()).items()
        if name.startswith("svar_crisis_")
    }


async def test_new_callers_hear_of_a_crisis_and_those_it_is_about_come_first(tmp_path: Path) -> None:
    node = installation(tmp_path)
    async with running(node), phones_at(node) as phones, published(node, "crisis_changed") as changed:
        early = await phones.answered_call("5000")
        told = await node.told("crisis", "on", "payments_late", "--for", "1h", "--author", "kari")
        assert "is ON" in told
        assert "nodes that follow: n1" in told
        urgent = await phones.answered_call("5001")
        deflected = await phones.answered_call("5002")
        await until(lambda: deflected.ended, "end of the deflected call", deadline_s=10)
        await eventually(lambda: _waits(node, 2), "two who wait")
        assert "Krise: Utbetalinger er forsinket" in await node.page("/")
        await node.told("crisis", "off")
        await phones.register("anna", talks_for(0.5))  # whoever has a head start keeps it
        await until(lambda: early.ended and urgent.ended, "end of both talks", deadline_s=20)
        await eventually(lambda: len(changed) == 2, "the crisis' end")
        late = await phones.answered_call("5000")
        await until(lambda: late.ended, "end of the late call", deadline_s=15)
        await node.quiet()
        by_answer = sorted(node.records(), key=lambda record: int(record["answered_ms"]))
        assert [record["queue"] for record in by_answer if record["answered_ms"]] == ["social", "work", "work"]
        measured = await figures(node)
        assert measured['heard_total{crisis="payments_late"}'] == 2
        assert measured['deflected_total{crisis="payments_late",outcome="ended"}'] == 1
        assert 'on{crisis="payments_late"}' not in measured
        status = await node.told("crisis", "status")
        assert "heard the message: 2" in status
        assert [(one["on"], one["cause"], one["author"]) for one in changed] == [
            (True, "switched_on", "kari"),
            (False, "switched_off", changed[1]["author"]),
        ]


async def _waits(node: Installation, count: int) -> bool:
    return await node.total("svar_queue_waiting") == count


async def test_a_crisis_ends_by_itself_and_is_told_once(tmp_path: Path) -> None:
    node = installation(tmp_path)
    async with running(node), phones_at(node) as phones, published(node, "crisis_changed") as changed:
        async with published(node, "crisis_heard") as heard:
            await node.told("crisis", "on", "payments_late", "--for", "6s")
            first = await phones.answered_call("5001")
            await until(lambda: len(heard) == 1, "the message", deadline_s=5)
            first.hang_up()
            await eventually(lambda: len(changed) == 2, "the crisis' end", 20)
            assert 5_500 < changed[1]["at_ms"] - changed[0]["at_ms"] < 15_000
            second = await phones.answered_call("5001")
            second.hang_up()
            await node.quiet()
            assert len(heard) == 1, "who rings after the end hears nothing of it"
        assert second.count(Accepted) == 1
        assert (changed[1]["on"], changed[1]["cause"], changed[1]["node"]) == (False, "time_is_up", "n1")
        measured = await figures(node)
        assert measured['hung_up_total{crisis="payments_late"}'] == 1


async def test_a_crisis_outlives_redis_and_its_restart(tmp_path: Path) -> None:
    node = installation(tmp_path)
    async with running(node), phones_at(node) as phones:
        await node.told("crisis", "on", "payments_late", "--for", "1h")
        os.kill(node.child("redis"), 9)
        call = await phones.answered_call("5001")
        await eventually(lambda: _heard(node, 1), "the message", within_s=20)
        call.hang_up()
        assert "payments_late" in await node.told("crisis", "status")
        await node.quiet(30)


async def _heard(node: Installation, count: int) -> bool:
    return (await figures(node)).get('heard_total{crisis="payments_late"}', 0) == count
