"""A node with one queue for soaks about calls, whoever rings it, and how to see what is left of the calls."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.light.callers import Callers, Plan
from tests.svar.system.installation import Installation

MENU = """
flow: menu
title: A menu, and the queue behind it
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: Tast to.}
    keys: {2: wait, 3: bye}
    wait: 10s
    attempts: 1
    no_choice: bye
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
STRAIGHT = """
flow: straight
title: Straight into the queue
numbers: [5999]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup}
"""
LATE = """
flow: late
title: A sentence before the answer, then the queue
numbers: [5998]
languages: [nb]
answer: late
start: welcome
nodes:
  welcome: {type: say, say: {nb: Vent litt.}, next: wait}
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup}
"""
PARTS = """
[[queue]]
name = "work"
offer_s = {offer_s}
wrap_up_s = {wrap_up_s}
[[agent]]
name = "agent{{n}}"
contact = "sip:agent{{n}}@127.0.0.1:{port}"
count = {agents}
rest_s = 1
skills = {{ work = 5 }}
"""
MENU_WAITS_MS = 10_000
"""A call to the menu that is over earlier has pressed a key that came."""
LEFT_WITHIN_S = 35.0
GAUGES = ("sip_dialogs", "sip_transactions", "sip_deadlines", "sip_connections")
IN_ORDER = "ended"
"""What closes a record of which everything was told."""
OVER = ("hung up", "ended by svar", "both hung up")


def installation(folder: Path, agents_port: int, *, agents: int, offer_s: int, wrap_up_s: int, workers: int = 0) -> (
    Installation
):  # fmt: skip
    """A node that keeps callers' numbers, so that each record can be laid beside its call."""
    parts = PARTS.format(port=agents_port, agents=agents, offer_s=offer_s, wrap_up_s=wrap_up_s)
    flows = {"menu.yaml": MENU, "straight.yaml": STRAIGHT, "late.yaml": LATE}
    node = Installation(folder, parts, flows=flows, environment={"SVAR_MEDIA_WORKERS": str(workers)})
    text = node.config.read_text()
    node.config.write_text(text.replace('name = "n1"', 'name = "n1"\nkeep_callers = true', 1))
    return node


async def drive(callers: Callers, plans: Sequence[Plan], rate: float) -> None:
    """A call each, `rate` a second, until the last is over."""
    loop = asyncio.get_running_loop()
    begun, first = loop.time(), len(callers.calls)
    for n, plan in enumerate(plans):
        ahead = begun + n / rate - loop.time()
        if ahead > 0.002:
            await asyncio.sleep(ahead)
        callers.ring(first + n, plan)
    async with asyncio.timeout(150):
        while callers.open_calls:  # noqa: ASYNC110 - thousands of them tell nobody
            await asyncio.sleep(0.1)


async def leftovers(node: Installation) -> dict[str, float]:
    """What is under way or kept, zeros left out: calls, commands, contacts, media legs, and all that SIP holds."""
    metrics = await node.metrics()
    found = {name: metrics.get(f"svar_{name}", 0) for name in GAUGES}
    return await node._noise() | {name: count for name, count in found.items() if count}


async def nothing_left(node: Installation, *, calls_alone: bool = False) -> float:
    """Seconds until nothing is. Raises AssertionError with what is left after 35.

    `calls_alone`: SIP may remember what it has answered, as it does for 32 s.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while left := await (node._noise() if calls_alone else leftovers(node)):
        assert loop.time() < begun + LEFT_WITHIN_S, f"left after {LEFT_WITHIN_S} s: {left}"
        await asyncio.sleep(0.5)
    return loop.time() - begun


def by_caller(node: Installation) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in node.records():
        found.setdefault(record["pii_caller"], []).append(record)
    return found


def shown(counts: Counter[str]) -> str:
    return ", ".join(f"{how} {count}" for how, count in counts.most_common())
