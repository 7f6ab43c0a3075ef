"""Calls on networks that lose, reorder and repeat datagrams, and which of them succeed."""

import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.peers import chaos_relay
from tests.light.agents import AgentPlan, Agents
from tests.light.callers import Call, Callers, Moment, Plan
from tests.ports import free_port
from tests.soak_site import (
    IN_ORDER,
    LEFT_WITHIN_S,
    MENU_WAITS_MS,
    OVER,
    by_caller,
    drive,
    installation,
    nothing_left,
    shown,
)
from tests.svar.system.installation import eventually, running

DISORDER_PERCENT = 5


def lossy_plan(chance: random.Random) -> Plan:
    """Straight to an agent or through the menu; the caller hangs up, the agent does, or the flow."""
    way = chance.randrange(4)
    if way == 0:
        return Plan("5000", key="3", key_s=chance.uniform(0.1, 0.4), kind="menu")
    leaves = (Moment.NEVER, Moment.TALKING)[chance.randrange(2)]
    after_s = chance.uniform(0.6, 1.2)
    if way == 1:
        return Plan("5000", leaves, after_s, key="2", key_s=chance.uniform(0.1, 0.4), kind="talk")
    return Plan("5999", leaves, after_s, kind="talk")


@dataclass(frozen=True, slots=True)
class Lossy:
    """What came of a level of loss. `faults`: why calls were no success."""

    loss: float
    calls: int
    faults: Counter[str]
    text: str

    @property
    def successful(self) -> int:
        return self.calls - self.faults.total()


def fault(call: Call, records: list[dict[str, Any]], served: int) -> str:
    """Why a call is no success; empty: it is one."""
    if call.how not in OVER:
        return call.how
    if "ANSWERED" not in call.steps:
        return "not answered"
    if len(records) != 1:
        return f"{len(records)} records"
    [record] = records
    if not record["ended_ms"] or record["closed_by"] != IN_ORDER:
        return f"record closed by {record['closed_by'] or 'nobody'}"
    if call.plan.kind == "menu" and (record["agent"] or record["duration_ms"] >= MENU_WAITS_MS):
        return "key not taken"
    if call.plan.kind == "talk" and (served != 1 or not record["agent"] or not record["answered_ms"]):
        return f"talked to {served} agents, by the record with {record['agent'] or 'nobody'}"
    return ""


async def lossy(folder: Path, loss: float, calls: int, rate: float, seed: int, *, short: bool = False) -> Lossy:
    """Callers and agents' phones, each behind a relay for either direction of setting up.

    `short`: without the wait until SIP has forgotten all. Raises AssertionError where something is left or miscounted.
    """
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:

        async def relay(to_port: int) -> int:
            return await stack.enter_async_context(
                chaos_relay(
                    to_port,
                    loss_percent=loss,
                    reorder_percent=DISORDER_PERCENT,
                    twice_percent=DISORDER_PERCENT,
                    seed=seed,
                )
            )

        agents_port, callers_port = free_port(), free_port()
        to_agents, to_callers = await relay(agents_port), await relay(callers_port)
        node = installation(folder, to_agents, agents=200, offer_s=20, wrap_up_s=0)
        await stack.enter_async_context(running(node))
        callers = Callers(("127.0.0.1", await relay(node.sip_port)), chance)

        def plan() -> AgentPlan:
            # They wait long enough for a caller who means to hang up first.
            return AgentPlan(after_s=0.05, talks_s=chance.uniform(1.5, 2.5))

        agents = Agents(("127.0.0.1", to_agents), chance, plan, callers)
        callers.contact_port, agents.contact_port = to_callers, to_agents
        await callers.open(callers_port)
        await agents.open(agents_port)
        try:
            await drive(callers, [lossy_plan(chance) for _ in range(calls)], rate)
            gone_s = await nothing_left(node, calls_alone=short)
            # Whose BYE was answered, and the answer lost, asks for it again for up to 32 s (RFC 3261, timer F).
            await eventually(lambda: not agents.calls, "phone on the hook", LEFT_WITHIN_S, lambda: agents.calls)
        finally:
            callers.close()
            agents.close()
        records = by_caller(node)
        faults = Counter(
            fault(call, records.get(name, []), agents.served[name]) for name, call in callers.calls.items()
        )  # fmt: skip
        del faults[""]
        offered, answered, lost, flowed_out, waiting = await node.balance()
        assert offered == answered + lost + flowed_out + waiting
        started, ended = [await node.total(f"svar_contacts_{name}_total") for name in ("started", "ended")]
        assert started == ended
        text = (
            f"{calls - faults.total()} of {calls} succeeded"
            + (f" (not: {shown(faults)})" if faults else "")
            + f"; callers: {shown(callers.outcomes)}; agents: {shown(agents.outcomes)}; svar: {started:.0f} contacts, "
            f"O {offered} = A {answered} + L {lost} + F {flowed_out} (talks by the phones {agents.served.total()}), "
            f"{await node.total('svar_sip_retransmissions_total'):.0f} repeats (phones "
            f"{callers.repeats + agents.repeats}); nothing left after {gone_s:.0f} s"
        )
        return Lossy(loss, calls, faults, text)
