"""A node keeps its records in PostgreSQL: callers do not notice that it goes away, and each has one record after."""

import json
from pathlib import Path

import pytest

from tests.metrics.postgres_server import PostgresServer
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at, talks_for

FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup}
"""
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
[records]
url = "{url}"
"""


@pytest.mark.interop
async def test_a_node_takes_calls_while_its_database_is_away(tmp_path: Path, postgres_server: PostgresServer) -> None:
    url = postgres_server.new()
    name = url.partition("@/")[2].partition("?")[0]
    installation = Installation(tmp_path, PARTS.format(url=url), flows={"test.yaml": FLOW})
    async with running(installation) as node, phones_at(node) as phones:
        await phones.register("anna", talks_for(0.3))

        async def answered(count: int) -> None:
            await phones.answered_call()
            await phones.rings()

            async def counted() -> bool:
                return (await node.metrics()).get('svar_queue_answered_total{queue="work"}') == count

            await eventually(counted, "answered call in the figures", 30)

        def kept() -> list[str]:
            return postgres_server.do(
                "SELECT outcome || '|' || agent || '|' || legs FROM call_records", name
            ).splitlines()

        await answered(1)
        await eventually(lambda: len(kept()) == 1, "record", 30)
        postgres_server.stop()
        try:
            await answered(2)

            async def waits() -> bool:
                return (await node.metrics())["svar_records_waiting"] > 0

            await eventually(waits, "rows that wait", 30)
            assert "rows wait to be written" in json.loads(await node.get("/health"))["checks"]["records"]["detail"]
        finally:
            postgres_server.start()
        await eventually(lambda: len(kept()) == 2, "second record", 60)
        assert {line.rpartition("|")[0] for line in kept()} == {"answered|anna"}
        [legs] = {tuple(leg["who"] for leg in json.loads(line.rpartition("|")[2])) for line in kept()}
        assert legs == ("caller", "agent")
        assert not (node.state / "records.sqlite").exists()
