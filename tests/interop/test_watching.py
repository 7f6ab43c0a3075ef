"""The stack that watches svar: a real Prometheus scrapes a node under traffic, and a real Alertmanager tells of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.rare_events import rare, tell
from tests.interop.test_alert_rules import tool
from tests.interop.watchers import Watchers, watching
from tests.ivr.sip_lab import Handset, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.dashboards.expressions import asked, boards, recorded
from tests.svar.system.installation import TRUNK, Installation, eventually, running
from tests.svar.system.phones import Phones, answers, phones_at

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 1
[[agent]]
name = "anna"
skills = {work = 5}
[[queue]]
name = "other"
[[agent]]
name = "bjorn"
skills = {other = 5}
"""
CARRIER = """
[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:{port}"
ping_s = 1
"""
ASKED = list(asked())
WITHIN_S = 60.0
MACHINE = {f"Svar{one}" for one in ("LoopStall", "RedisSlow", "RedisAway", "RecordsBehind", "HealthCheckFails")}
MACHINE |= {"SvarDiskFills", "SvarDiskFull"}
"""What a machine that is busy with other tests, or full, may bring about for a second."""
SILENT = ("svar:crisis_on:now", "svar:measure_units:today")
"""Tell nothing while no crisis is on, and in the first quarter of an hour: so long units may still be added."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Installation, Phones]]:
    folder, port = tmp_path_factory.mktemp("node"), free_port()
    made = Installation(folder / "node", PARTS, trunks=TRUNK + CARRIER.format(port=port))
    async with running(made), phones_at(made, port=port) as phones:
        yield made, phones


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watchers(
    node: tuple[Installation, Phones], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watchers]:
    """Scraping, once there were calls of every kind, twice: a rate needs two."""
    made, phones = node
    async with watching(tmp_path_factory.mktemp("watch"), made.http_port) as watchers:
        for agent in ("anna", "bjorn"):
            await phones.register(agent, answers)
        for round_ in (1, 2):
            await _calls(made, phones)
            await _seen(watchers, 'sum(svar_contacts_ended_total{outcome="menu_ended"})', round_)
        yield watchers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def left_alone(node: tuple[Installation, Phones], watchers: Watchers) -> Handset:
    """A caller waits, and the last agent has logged out."""
    _, phones = node
    phones.unregister("anna")
    caller = await phones.answered_call()
    await phones.press(caller, "2")
    await _seen(watchers, 'svar:queue_waiting:now{queue="work"}', 1)
    return caller


async def _calls(made: Installation, phones: Phones) -> None:
    """One who talks with the agent, one who hangs up in the menu, one who gives up waiting, and what happens to few."""
    rung = len(phones.rung)
    caller = await phones.answered_call()
    await phones.press(caller, "2")
    agent = await phones.rings(rung + 1)
    await agent.connected()
    waiting = await phones.answered_call()
    await phones.press(waiting, "2")
    await eventually(lambda: _waits(made), "waiting caller")
    await asyncio.gather(talk(caller, tone("caller says", 0.4)), talk(agent, tone("agent says", 0.4)))
    waiting.hang_up()
    agent.hang_up()
    in_menu = await phones.answered_call()
    in_menu.hang_up()
    for handset in (caller, waiting, in_menu):
        await until(handset.is_over, "end of a call", deadline_s=15)
    await tell(made.state, rare())


async def _waits(made: Installation) -> bool:
    return (await made.metrics()).get('svar_queue_waiting{queue="work"}') == 1


async def _seen(watchers: Watchers, expr: str, at_least: float) -> None:
    async def seen() -> bool:
        return any(float(one["value"][1]) >= at_least for one in await watchers.ask(expr))

    await eventually(seen, f"{expr} in Prometheus", WITHIN_S, lambda: watchers.ask(expr))


async def test_a_node_that_is_well_wakes_nobody_though_every_alarm_waits_for_a_second_only(watchers: Watchers) -> None:
    firing = {one["metric"]["alertname"] for one in await watchers.ask('ALERTS{alertstate="firing"}')}
    assert firing <= MACHINE
    assert {one["labels"]["alertname"] for one in watchers.webhook.told} <= MACHINE


async def test_an_alarm_of_a_queue_without_agents_arrives_and_is_taken_back(
    node: tuple[Installation, Phones], watchers: Watchers, left_alone: Handset
) -> None:
    webhook = watchers.webhook
    await eventually(lambda: bool(webhook.alarms("SvarNoAgents")), "alarm at the webhook", WITHIN_S)
    alarm = webhook.alarms("SvarNoAgents")[0]
    assert (alarm["labels"]["queue"], alarm["labels"]["severity"]) == ("work", "critical")
    assert alarm["annotations"]["summary"] == "Ingen veiledere i work, og innringere venter"
    assert alarm["annotations"]["runbook_url"] == "docs/alerts.md#svarnoagents"

    missing = await _unanswered(watchers)
    end = asyncio.get_running_loop().time() + WITHIN_S
    while missing and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(1)
        missing = await _unanswered(watchers)
    assert not missing, "panels without anything to show while an alarm is on:\n" + "\n".join(missing)

    left_alone.hang_up()
    await eventually(lambda: bool(webhook.alarms("SvarNoAgents", "resolved")), "end of the alarm", WITHIN_S)


async def _unanswered(watchers: Watchers) -> list[str]:
    wanted = [one for one in ASKED if not any(name in one.expr for name in SILENT)]
    return [str(one) for one in wanted if not await watchers.ask(one.expr)]


async def test_every_recording_rule_gives_something(watchers: Watchers) -> None:
    async def silent() -> list[str]:
        names = [name for name in recorded() if name not in SILENT]
        return [name for name in names if not await watchers.ask(f"last_over_time({name}[5m])")]

    async def none_silent() -> bool:
        return not await silent()

    await eventually(none_silent, "figure of every recording rule", WITHIN_S, silent)


async def test_each_choice_at_the_top_of_a_dashboard_offers_something(watchers: Watchers) -> None:
    offered = {one["query"]["query"] for board in boards().values() for one in board["templating"]["list"]}
    for query in offered:
        metric, _, label = query.removeprefix("label_values(").removesuffix(")").partition(", ")
        assert await watchers.ask(f'count by ({label}) ({metric}{{{label}!=""}})'), query


async def test_prometheus_own_tool_has_nothing_to_say_of_a_whole_node(
    node: tuple[Installation, Phones], watchers: Watchers, tmp_path: Path
) -> None:
    text = tmp_path / "metrics.txt"
    text.write_text(await node[0].get("/metrics"))
    script = tmp_path / "promtool"
    script.write_text(f"promtool check metrics < {text}\n")
    assert await tool("sh", str(script)) == ""
