"""What new contacts get as versions come and go, and what happens when they cannot be served."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd import pointing
from acd.distributor import Unavailable
from acd.versions import Content, Move, Pointer, Version, VersionId
from acd.versions_folder import FolderVersions
from events.catalogue import Event, FlowsRefused
from ivr.book import FlowBook
from ivr.language.problems import FlowFileError
from ivr.versions.content import read_content
from metrics.health import Unwell
from svar.edition import Sound
from tests.svar.editions import KARI, Bench, Silent, canary, content, flow, keep, publish
from tests.svar.system.installation import eventually


class Store(FolderVersions):
    """A folder that may be away."""

    away = False
    gives: dict[str, Content]

    async def pointer(self) -> Pointer:
        self._check()
        return await super().pointer()

    async def content(self, id_: VersionId) -> dict[str, bytes]:
        self._check()
        return await super().content(id_)

    async def version(self, id_: VersionId) -> Version:
        self._check()
        return await super().version(id_)

    async def move(self, expected: int, to: Pointer, move: Move, events: Iterable[Event]) -> Pointer:
        self._check()
        return await super().move(expected, to, move, events)

    async def moved(self, after: int, within_s: float) -> None:
        self._check()
        await super().moved(after, within_s)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("the test took it away")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Bench:
    return Bench(store, tmp_path)


@asynccontextmanager
async def following(bench: Bench) -> AsyncIterator[None]:
    await bench.flows.start()
    task = asyncio.create_task(bench.flows.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bench.flows.close()


async def test_where_nothing_is_published_the_folder_is_served(bench: Bench) -> None:
    async with following(bench):
        assert bench.heard() == "folder"
        assert await bench.flows.check() == "the configured folder is served"
        assert not await bench.flows.differs()


async def test_a_folder_with_mistakes_is_no_start(bench: Bench) -> None:
    (bench.configured / "main.yaml").write_text("flow: 7")
    with pytest.raises(FlowFileError):
        await bench.flows.start()


async def test_a_published_version_is_served_and_not_the_folder(bench: Bench, store: Store) -> None:
    id_ = await publish(store, content("published"))
    (bench.configured / "main.yaml").write_text("broken: [")
    async with following(bench):
        assert bench.heard() == "published"
        assert bench.flows.active.book.version == id_[:12]
        assert await bench.flows.differs()
        assert bench.flows.in_service() == {(id_[:12], "active"): 1}


async def test_what_is_for_everybody_is_made_ready_before_and_a_trial_is_not(bench: Bench, store: Store) -> None:
    async with following(bench):
        assert bench.readied == [("", True)]
        one = await publish(store, content("one"))
        await eventually(lambda: bench.heard() == "one", "the version in service")
        two = await canary(store, content("two"), 0.5)
        await eventually(lambda: len(bench.flows.in_service()) == 2, "a trial")
        assert bench.readied == [("", True), (one, True)]
        await publish(store, content("two"))
        await eventually(lambda: set(bench.flows.in_service()) == {(two[:12], "active")}, "the trial for everybody")
        assert bench.readied == [("", True), (one, True), (two, True)]


async def test_a_start_with_another_version_than_the_stores_is_told(bench: Bench, store: Store) -> None:
    await publish(store, {"main.yaml": b"flow: 7"})
    async with following(bench):
        assert bench.heard() == "folder"
        assert bench.readied == [("", False)]


async def test_a_folder_that_a_share_gets_does_not_differ(bench: Bench, store: Store) -> None:
    await publish(store, content("old"))
    await canary(store, read_content(bench.configured), 0.1)
    async with following(bench):
        assert not await bench.flows.differs()
        (bench.configured / "main.yaml").write_text("broken: [")
        assert await bench.flows.differs()


async def test_a_version_is_taken_within_a_second_of_its_publishing(bench: Bench, store: Store) -> None:
    async with following(bench):
        for text in ("one", "two", "three"):
            await publish(store, content(text))
            await eventually(lambda text=text: bench.heard() == text, f"{text} in service", 5)  # type: ignore[misc]
        assert bench.flows.figures()["reloads_total"] == 3


async def test_an_edition_stays_while_somebody_is_in_it_and_is_closed_afterwards(bench: Bench, store: Store) -> None:
    async with following(bench):
        first = bench.flows.active
        first.contacts = 1
        await publish(store, content("one"))
        await eventually(lambda: bench.heard() == "one", "the version in service")
        await publish(store, content("two"))
        await eventually(lambda: bench.heard() == "two", "the version in service")
        await eventually(lambda: bench.flows.figures()["held"] == 2, "one edition besides")
        sound = first.sound
        assert isinstance(sound, Silent)
        before, first.contacts = sound.closings, 0
        await bench.flows.sweep()
        assert (before, sound.closings) == (0, 1)
        assert bench.flows.figures()["held"] == 1


async def test_a_rollback_to_what_somebody_is_still_in_makes_nothing_anew(bench: Bench, store: Store) -> None:
    one = await publish(store, content("one"))
    async with following(bench):
        bench.flows.active.contacts = 1
        await publish(store, content("two"))
        await eventually(lambda: bench.heard() == "two", "the version in service")
        await pointing.make(store, await store.pointer(), lambda seen: pointing.roll_back(seen, one, KARI))
        await eventually(lambda: bench.heard() == "one", "the version before")
        assert bench.loads == 2


async def refused(bench: Bench) -> str:
    await eventually(lambda: bench.flows.figures()["refusing"] == 1, "a refusal")
    with pytest.raises(Unwell) as told:
        await bench.flows.check()
    return str(told.value)


async def test_a_bad_version_leaves_the_old_one_and_is_told_once(bench: Bench, store: Store) -> None:
    await publish(store, content("good"))
    async with following(bench):
        bad = await publish(store, {"main.yaml": b"flow: main\nnumbers: 7\n"})
        told = await refused(bench)
        assert f"version {bad[:12]}: main.yaml:" in told
        assert "goes on" in told
        assert bench.heard() == "good"
        [event] = bench.sink.events
        assert isinstance(event, FlowsRefused)
        assert event.flow_version == bad[:12]
        await bench.flows._look()
        assert len(bench.sink.events) == 1
        await publish(store, content("better"))
        await eventually(lambda: bench.heard() == "better", "the next version")
        assert (await bench.flows.check()).endswith("is served")
        assert bench.flows.figures()["refused_total"] == 1


async def test_a_version_that_needs_a_newer_svar_is_refused(bench: Bench, store: Store) -> None:
    await publish(store, content("good"))
    async with following(bench):
        newer = flow("new").replace("type: hangup", "type: hologram")
        await publish(store, {"main.yaml": newer.encode()})
        assert "hologram" in await refused(bench)
        assert bench.heard() == "good"


async def test_a_damaged_version_is_refused(bench: Bench, store: Store, tmp_path: Path) -> None:
    await publish(store, content("good"))
    async with following(bench):
        id_ = await keep(store, content("damaged"))
        for blob in (tmp_path / "store" / "blobs").iterdir():
            if b"damaged" in blob.read_bytes():
                blob.write_bytes(b"other")
        await pointing.make(store, await store.pointer(), lambda seen: pointing.publish(seen, id_, KARI))
        assert "another hash" in await refused(bench)
        assert bench.heard() == "good"


async def test_while_the_store_is_away_what_is_served_goes_on(bench: Bench, store: Store) -> None:
    await publish(store, content("one"))
    async with following(bench):
        store.away = True
        await asyncio.sleep(0.3)
        assert bench.heard() == "one"
        store.away = False
        await publish(store, content("two"))
        await eventually(lambda: bench.heard() == "two", "the version that came meanwhile")


async def test_a_start_without_the_store_serves_what_was_served_last(
    bench: Bench, store: Store, tmp_path: Path
) -> None:
    await publish(store, content("one"))
    async with following(bench):
        pass
    store.away = True
    again = Bench(store, tmp_path)
    await again.flows.start()
    assert again.heard() == "one"


async def test_a_store_that_forgot_everything_turns_health_red_and_nothing_else(bench: Bench, tmp_path: Path) -> None:
    await publish(bench.store, content("one"))
    async with following(bench):
        pass
    empty = Store(tmp_path / "another")
    again = Bench(empty, tmp_path)
    async with following(again):
        assert again.heard() == "one"
        with pytest.raises(Unwell, match="forgotten"):
            await again.flows.check()
        await publish(empty, content("two"))
        await eventually(lambda: again.heard() == "two", "what was published anew")
        assert await again.flows.check()


async def test_a_canary_gets_its_share_and_a_caller_stays(bench: Bench, store: Store, tmp_path: Path) -> None:
    await publish(store, content("old"))
    await canary(store, content("new"), 0.1)
    other = Bench(store, tmp_path / "n2", "n2")
    await other.flows.start()
    async with following(bench):
        heard = {f"+47{n}": bench.heard(caller=f"+47{n}") for n in range(3000)}
        assert heard == {caller: other.heard(caller=caller) for caller in heard}
        share = sum(text == "new" for text in heard.values()) / len(heard)
        assert share == pytest.approx(0.1, abs=0.03)
        by_contact = {bench.heard(contact=f"c{n}") for n in range(100)}
        assert by_contact == {"old", "new"}
        assert "10% get" in await bench.flows.check()
        [active, trial] = bench.flows.in_service()
        assert (active[1], trial[1]) == ("active", "canary")
        await pointing.make(store, await store.pointer(), lambda seen: pointing.end_canary(seen, KARI, "withdrawn"))
        await eventually(lambda: set(map(bench.heard, ["5000"] * 50)) == {"old"}, "the end of the canary")
    await other.flows.close()


async def test_a_number_that_only_one_arm_has_is_answered_by_it(bench: Bench, store: Store) -> None:
    await publish(store, content("old", gone=flow("gone", 5001, "gone")))
    await canary(store, content("new", added=flow("added", 5002, "added")), 0.5)
    await bench.flows.start()
    callers = [f"+47{n}" for n in range(40)]
    assert {bench.heard("5001", caller) for caller in callers} == {"gone"}
    assert {bench.heard("5002", caller) for caller in callers} == {"added"}
    assert {bench.heard("5000", caller) for caller in callers} == {"old", "new"}
    assert {bench.heard("5003", caller) for caller in callers} == {"nothing"}


async def test_a_bad_canary_leaves_everybody_with_the_other(bench: Bench, store: Store) -> None:
    await publish(store, content("old"))
    await canary(store, {"main.yaml": b"flow: ["}, 0.5)
    async with following(bench):
        await refused(bench)
        assert {bench.heard(caller=f"+47{n}") for n in range(40)} == {"old"}


async def test_a_rollback_does_not_wait_for_a_version_that_is_slow_to_be_ready(store: Store, tmp_path: Path) -> None:
    class Slow(Bench):
        async def speak(self, book: FlowBook, path: Path) -> Silent:
            if "slow" in str([said.texts for flow in book.by_name.values() for said in flow.said()]):
                await asyncio.sleep(600)
            return Silent()

    one = await publish(store, content("one"))
    bench = Slow(store, tmp_path)
    async with following(bench):
        await publish(store, content("two"))
        await eventually(lambda: bench.heard() == "two", "the version in service")
        await publish(store, content("slow"))
        await eventually(lambda: bench.loads == 3, "the slow version being made ready")
        await pointing.make(store, await store.pointer(), lambda seen: pointing.roll_back(seen, one, KARI))
        await eventually(lambda: bench.heard() == "one", "the version before")


async def test_a_copy_that_somebody_changed_is_made_anew(bench: Bench, store: Store, tmp_path: Path) -> None:
    id_ = await publish(store, content("one"))
    await bench.flows.start()
    (tmp_path / "copies" / id_[:12] / "main.yaml").write_text(flow("changed"))
    again = Bench(store, tmp_path)
    await again.flows.start()
    assert again.heard() == "one"
    for n in range(8):
        await publish(store, content(f"v{n}"))
        await again.flows._look()
        await again.flows.sweep()
    assert len(list((tmp_path / "copies").iterdir())) == 4


def test_silence_is_sound() -> None:
    sound: Sound = Silent()
    assert sound.music("default")
