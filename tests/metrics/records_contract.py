"""What the store of records does in either database. Those who inherit it say in which, by the fixture `place`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from events.callbacks import CallbackPromised
from metrics.cdr import CallRecord, blank
from metrics.decisions import Decision
from metrics.pipeline import Folds
from metrics.records import Access, Records, RecordsError
from metrics.records.erasure import Whom
from metrics.records.retention import expire
from metrics.records.writing import CHUNK
from tests.metrics.told import DAY_MS, NODE, TENANT, ended, left, offered, queued, started, stream, whole_call


def record(contact: str, **values: object) -> CallRecord:
    return blank(contact, TENANT, "n1") | values


def at(contact: str, started_ms: int, queue: str = "pensjon") -> CallRecord:
    return record(contact, started_ms=started_ms, visits=[{"queue": queue}])


def decision(stream_id: str, contact: str) -> Decision:
    body = {"node": "n1", "queue": "pensjon", "tier": "2", "why": "after"}
    return Decision(TENANT, stream_id, contact, int(stream_id.partition("-")[0]), "tier_opened", "", json.dumps(body))


async def contacts(found: AsyncIterator[CallRecord]) -> list[str]:
    return [row["contact"] async for row in found]


class RecordsContract:
    """Tests of `Records`."""

    @pytest.fixture
    async def records(self, place: Path | str) -> AsyncIterator[Records]:
        opened = await Records.open(place)
        yield opened
        await opened.close()

    async def test_a_new_database_has_no_checkpoint_and_no_state(self, records: Records) -> None:
        assert await records.load(TENANT) == ("0-0", {})
        assert await records.count() == 0
        assert await records.find("c1") is None
        assert await contacts(records.rows(TENANT, 0, DAY_MS)) == []

    async def test_records_state_and_checkpoint_are_there_after_a_restart(self, place: Path | str) -> None:
        first = await Records.open(place)
        row = record("c1", topic="uføre", visits=[{"queue": "pensjon"}], talked_ms=2**40)
        await first.commit(TENANT, "5-1", [row], {("fold", "a"): "[1]", ("fold", "b"): "[2]"})
        await first.commit(TENANT, "6-0", [], {("fold", "a"): None, ("fold", "b"): "[3]"})
        await first.close()
        second = await Records.open(place)
        assert await second.load(TENANT) == ("6-0", {"fold": {"b": "[3]"}})
        assert await second.find("c1") == row
        await second.close()

    async def test_a_contacts_record_is_written_once(self, records: Records) -> None:
        await records.commit(TENANT, "1-0", [record("c1", topic="first")], {})
        await records.commit(TENANT, "1-1", [record("c1", topic="second"), record("c2")], {})
        assert await records.count() == 2
        found = await records.find("c1")
        assert found is not None
        assert found["topic"] == "first"

    async def test_what_is_written_up_to_there_is_not_written_again(self, records: Records) -> None:
        await records.commit(TENANT, "9-10", [record("c1")], {("fold", "a"): "new"})
        for behind in ("9-10", "9-9", "8-99"):
            await records.commit(TENANT, behind, [record("c2")], {("fold", "a"): "old", ("fold", "b"): "old"})
        assert await records.load(TENANT) == ("9-10", {"fold": {"a": "new"}})
        assert await records.find("c2") is None

    async def test_tenants_have_state_and_records_of_their_own(self, records: Records) -> None:
        await records.commit(TENANT, "1-0", [at("c1", 5)], {("fold", "a"): "1"})
        await records.commit("bydel", "2-0", [], {("fold", "a"): "2"})
        await records.commit("bydel", "3-0", [], {("fold", "a"): None})
        assert await records.load(TENANT) == ("1-0", {"fold": {"a": "1"}})
        assert await records.load("bydel") == ("3-0", {})
        assert await contacts(records.rows("bydel", 0, 10)) == []

    async def test_what_cannot_be_written_whole_is_not_written_at_all(self, records: Records) -> None:
        await records.commit(TENANT, "1-0", [], {("fold", "a"): "old"})
        broken = record("c2", pii_caller="+4799887766") | {"number": None}
        with pytest.raises(RecordsError, match="cannot write the call records in") as told:
            await records.commit(TENANT, "2-0", [record("c1"), broken], {("fold", "a"): "new"})
        assert "99887766" not in str(told.value)
        assert await records.load(TENANT) == ("1-0", {"fold": {"a": "old"}})
        assert await records.count() == 0

    async def test_what_a_phone_sent_that_is_no_text_holds_nobody_up(self, records: Records) -> None:
        await records.commit(TENANT, "1-0", [record("c1", number="6\0\ud800", talked_ms=2**70, trunk="ufør")], {})
        found = await records.find("c1")
        assert found is not None
        assert (found["number"], found["talked_ms"], found["trunk"]) == ("6\ufffd?", 2**63 - 1, "ufør")

    @pytest.mark.parametrize("slice_of", [1, 2, 3, 500])
    async def test_rows_come_once_each_in_the_order_of_their_beginning(self, records: Records, slice_of: int) -> None:
        told = [
            at(name, started) for name, started in (("b", 20), ("a", 20), ("d", 10), ("c", 20), ("e", 9), ("f", 30))
        ]
        await records.commit(TENANT, "1-0", told, {})
        assert await contacts(records.rows(TENANT, 10, 30, slice_of=slice_of)) == ["d", "a", "b", "c"]

    async def test_rows_of_a_queue_are_those_that_were_in_it(self, records: Records) -> None:
        moved = record("c3", started_ms=3, queue="a", visits=[{"queue": "a"}, {"queue": 'uføre "50%"'}])
        told = [at("c1", 1, "a"), at("c2", 2, "A"), moved, record("c4", started_ms=4)]
        await records.commit(TENANT, "1-0", told, {})
        assert await contacts(records.rows(TENANT, 0, 10, queue="a", slice_of=1)) == ["c1", "c3"]
        assert await contacts(records.rows(TENANT, 0, 10, queue='uføre "50%"')) == ["c3"]
        assert await contacts(records.rows(TENANT, 0, 10, queue="%")) == []

    async def test_what_is_too_old_goes_in_slices_and_nothing_else(self, records: Records) -> None:
        old, young = DAY_MS - 1, DAY_MS
        told = [at(f"old{n}", old) for n in range(5)] + [at("young", young)]
        decided = [decision(f"{old}-{n}", f"old{n}") for n in range(5)] + [decision(f"{young}-0", "young")]
        await records.commit(TENANT, "1-0", told, {("fold", "a"): "1"}, decided)
        await records.commit("bydel", "1-0", [at("theirs", old) | {"tenant": "bydel"}], {})
        for at_ms in (old, young):
            await records.note(TENANT, Access(at_ms, "kari", "show", "c1"))
        gone = await expire(records.database, TENANT, DAY_MS, slice_of=2, pause_s=0)
        assert gone == {"call_records": 5, "decisions": 5, "accesses": 1}
        assert await contacts(records.rows(TENANT, 0, DAY_MS + 1)) == ["young"]
        assert list(await records.decided(TENANT, "")) == ["young"]
        assert [access.at_ms for access in await records.noted(TENANT)] == [young]
        assert await contacts(records.rows("bydel", 0, DAY_MS)) == ["theirs"]
        assert await records.load(TENANT) == ("1-0", {"fold": {"a": "1"}})
        assert await records.expire(TENANT, DAY_MS) == {}

    async def test_who_looked_at_what_is_told_the_last_first(self, records: Records) -> None:
        looks = [Access(n, "kari", "show", f"c{n % 2}", "klage\0" + "x" * 500) for n in range(4)]
        for look in looks:
            await records.note(TENANT, look)
        found = await records.noted(TENANT)
        assert [(access.at_ms, access.who, access.subject) for access in found] == [
            (3, "kari", "c1"), (2, "kari", "c0"), (1, "kari", "c1"), (0, "kari", "c0"),
        ]  # fmt: skip
        assert found[0].why == "klage" + "x" * 195
        assert [access.at_ms for access in await records.noted(TENANT, 1, 3)] == [2, 1]
        assert [access.at_ms for access in await records.noted(TENANT, subject="c1", most=1)] == [3]
        assert await records.noted("bydel") == []

    async def test_decisions_are_found_by_contact_by_queue_and_by_promise(self, records: Records) -> None:
        other = queued("c3", 'uføre "50%"', DAY_MS + 5)
        promise = CallbackPromised(
            at_ms=DAY_MS + 20, tenant=TENANT, node=NODE, contact="p1", first="c1", queue="pensjon",
            chosen_ms=0, waited_ms=9, position=1,
        )  # fmt: skip
        told = [queued("c1"), offered("c1"), queued("c2", at_ms=DAY_MS + 10), left("c1", 9), other, promise]
        folds = Folds(TENANT, records, commit_every_s=0)
        await folds(stream(told))
        assert await records.decided(TENANT, "c1") == {"c1": [told[0], told[1], told[3]]}
        assert set(await records.decided(TENANT, "c")) == {"c1", "c2", "c3"}
        assert await records.decided(TENANT, "", most=1) == {"c1": [told[0]]}
        assert set(await records.decided_among(TENANT, "pensjon", DAY_MS, DAY_MS + 10)) == {"c1", "c2"}
        assert set(await records.decided_among(TENANT, "pensjon", DAY_MS + 1, DAY_MS + 10)) == {"c2"}
        assert set(await records.decided_among(TENANT, 'uføre "50%"', DAY_MS, DAY_MS + 9)) == {"c3"}
        assert await records.decided_among(TENANT, "PENSJON", DAY_MS, DAY_MS + 10) == {}
        assert await records.promised(TENANT, "c1", DAY_MS) == [promise]
        assert await records.promised(TENANT, "c", DAY_MS) == []
        assert await records.promised(TENANT, "c1", DAY_MS + 100_000) == []

    async def test_restarts_and_repeated_batches_count_nothing_twice_and_lose_nothing(self, records: Records) -> None:
        events = [event for n in range(6) for event in whole_call(f"c{n}", DAY_MS + n * 20_000, agent=f"agent{n}")]
        told = stream(sorted(events, key=lambda event: event.at_ms))
        whole = Folds(TENANT)
        whole.apply(told)
        for begin in range(0, len(told), 7):
            folds = Folds(TENANT, records, commit_every_s=0)
            await folds.load()
            await folds(told[max(begin - 3, 0) : begin + 7])
        assert await records.count() == 6
        assert folds.service_level.snapshot() == whole.service_level.snapshot()
        assert folds.counters.copy() == whole.counters.copy()

    async def test_a_caller_is_taken_out_of_records_and_decisions_and_all_others_stay(self, records: Records) -> None:
        folds = Folds(TENANT, records, keep_callers=True, commit_every_s=0)
        told = [
            *whole_call("c1"),
            *(started("c2", caller="22000000", pseudonym="5eed"), ended("c2")),
            *(started("c3", caller="+4791122000000"), ended("c3")),
            *(started("c4", caller="", pseudonym="5eed"), ended("c4")),
            started("c5", caller="+4722000000"),
        ]
        await folds(stream(told))
        before = [row async for row in records.rows(TENANT, 0, DAY_MS + 1)]
        whom = Whom("22000000", lambda number: number in ("+4722000000", "22000000"), {"5eed"})
        found = await records.found(TENANT, whom)
        assert found.contacts == ("c1", "c2", "c4")
        assert found.in_progress == 1
        assert (await records.found("bydel", whom)).contacts == ()
        await records.erase(TENANT, found.contacts)
        assert (await records.found(TENANT, whom)).contacts == ()
        after = [row async for row in records.rows(TENANT, 0, DAY_MS + 1)]
        nothing = {"pii_caller": "", "pseudonym": ""}
        assert after == [row | nothing if row["contact"] in found.contacts else row for row in before]
        kept = [event async for _, event in records.kept_events(TENANT, 0, DAY_MS * 2)]
        assert "5eed" not in str(kept)
        assert "c2" in str(kept)

    async def test_a_database_that_has_lost_what_it_had_is_not_gone_on_with(
        self, records: Records, place: Path | str
    ) -> None:
        await records.commit(TENANT, "9-0", [record("c1")], {})

        async def put_back(connection: Any) -> None:
            await connection.exec_driver_sql("UPDATE checkpoints SET stream_id = '5-0'")

        await records.database.write(put_back)
        with pytest.raises(RecordsError, match=r"the database is at 5-0 and had 9-0 before: .* start svar again"):
            await records.commit(TENANT, "10-0", [record("c2")], {})
        again = await Records.open(place)
        assert (await again.load(TENANT))[0] == "5-0"
        await again.commit(TENANT, "10-0", [record("c2")], {})
        assert await again.count() == 2
        await again.close()

    async def test_a_long_batch_is_written_whole(self, records: Records) -> None:
        parts: dict[tuple[str, str], str | None] = {("fold", str(n)): str(n) for n in range(CHUNK + 1)}
        decisions = [decision(f"{DAY_MS}-{n}", "c1") for n in range(2 * CHUNK)]
        await records.commit(TENANT, "1-0", [record(f"c{n}") for n in range(CHUNK + 1)], parts, decisions)
        assert await records.count() == CHUNK + 1
        assert len((await records.decided(TENANT, "c1"))["c1"]) == 2 * CHUNK
        await records.commit(TENANT, "2-0", [], dict.fromkeys(parts))
        assert await records.load(TENANT) == ("2-0", {})

    async def test_a_node_of_an_older_version_can_write_into_the_newer_table(self, records: Records) -> None:
        async def older(connection: Any) -> None:
            await connection.exec_driver_sql(
                "INSERT INTO call_records (contact, tenant, topic) VALUES ('c1', 'nav', 'x')"
            )

        await records.database.write(older)
        found = await records.find("c1")
        assert found == blank("c1", TENANT, "") | {"topic": "x"}
