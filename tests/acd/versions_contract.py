"""What every store of versions does; run against each in `test_versions_redis` and `test_versions_folder`."""

import asyncio
from dataclasses import replace

import pytest

from acd import pointing, versions
from acd.pointing import Who
from acd.versions import (
    Content,
    Gate,
    NoVersion,
    Overtaken,
    TooLarge,
    Version,
    VersionError,
    VersionId,
    VersionStore,
    identify,
    listing,
)

FIRST: Content = {"main.yaml": b"flow: main\n", "prompts/nb/main/hello.wav": bytes(range(256)) * 40, "empty.yaml": b""}
SECOND: Content = {**FIRST, "main.yaml": b"flow: main\ntitle: To\n"}
THIRD: Content = {**FIRST, "main.yaml": b"flow: main\ntitle: Tre\n"}
KARI, OLA = Who("kari", "new hours", "nav", "n1"), Who("ola", "a mistake", "nav", "n2")


def draft(content: Content, author: str = "kari", parent: str = "") -> Version:
    gates = (Gate("check", passed=True), Gate("test", passed=False, told="1 of 20 failed"))
    return Version(identify(listing(content)), author, "why", parent, gates, forced=True)


async def kept(store: VersionStore, content: Content) -> VersionId:
    return (await store.keep(draft(content), content)).id


async def published(store: VersionStore, content: Content, who: Who = KARI) -> VersionId:
    id_ = await kept(store, content)
    await pointing.make(store, await store.pointer(), lambda pointer: pointing.publish(pointer, id_, who))
    return id_


class VersionsContract:
    """Subclasses have a fixture `store`, one `other` on the same place, and one `narrow` that keeps three versions."""

    async def test_a_version_comes_back_as_it_was_kept(self, store: VersionStore, other: VersionStore) -> None:
        given = await store.keep(draft(FIRST), FIRST)
        assert given == replace(draft(FIRST), at_ms=given.at_ms, files=3, size=sum(map(len, FIRST.values())))
        assert given.at_ms > 1_700_000_000_000
        assert await other.version(given.id) == given
        assert await other.versions() == [given]
        assert await other.content(given.id) == FIRST

    async def test_a_version_never_changes(self, store: VersionStore) -> None:
        first = await store.keep(draft(FIRST, "kari"), FIRST)
        assert await store.keep(draft(FIRST, "ola"), FIRST) == first
        assert await store.version(first.id) == first

    async def test_content_that_several_versions_share_outlives_each(self, narrow: VersionStore) -> None:
        ids = [await kept(narrow, {**FIRST, "n.yaml": b"%d" % n}) for n in range(5)]
        there = {version.id for version in await narrow.versions()}
        assert len(there) == 3
        assert ids[-1] in there
        for id_ in there:
            assert (await narrow.content(id_))["main.yaml"] == FIRST["main.yaml"]
        gone = next(id_ for id_ in ids if id_ not in there)
        with pytest.raises(NoVersion):
            await narrow.content(gone)

    async def test_what_is_in_service_is_never_dropped(self, narrow: VersionStore) -> None:
        active = await published(narrow, FIRST)
        canary = await kept(narrow, SECOND)
        await pointing.make(narrow, await narrow.pointer(), lambda p: pointing.start_canary(p, canary, 0.1, KARI))
        for n in range(6):
            await kept(narrow, {**FIRST, "n.yaml": b"%d" % n})
        assert {active, canary} <= {version.id for version in await narrow.versions()}
        assert await narrow.content(active) == FIRST
        assert await narrow.content(canary) == SECOND

    async def test_what_is_not_there_is_said_so(self, store: VersionStore) -> None:
        with pytest.raises(NoVersion):
            await store.version(VersionId("0" * 64))
        with pytest.raises(NoVersion):
            await store.content(VersionId("0" * 64))
        with pytest.raises(NoVersion):
            await store.move(0, replace(await store.pointer(), active=VersionId("0" * 64)), _move(), ())
        assert (await store.pointer()).sequence == 0

    async def test_what_is_too_large_is_refused(self, store: VersionStore) -> None:
        big = {"a.wav": bytes(versions.LARGEST_FILE + 1)}
        with pytest.raises(TooLarge, match=r"a\.wav"):
            await store.keep(replace(draft(FIRST)), big)
        many = {f"{n}.yaml": b"" for n in range(versions.MOST_FILES + 1)}
        with pytest.raises(TooLarge, match="2001 files"):
            await store.keep(draft(FIRST), many)
        with pytest.raises(VersionError, match=r"\.\."):
            await store.keep(draft(FIRST), {"../etc/passwd": b""})
        assert await store.versions() == []

    async def test_the_pointer_stands_nowhere_at_first(self, store: VersionStore) -> None:
        pointer = await store.pointer()
        assert (pointer.sequence, pointer.active, pointer.canary) == (0, "", None)
        assert await store.moves() == []

    async def test_the_pointer_moves_and_every_move_is_remembered(
        self, store: VersionStore, other: VersionStore
    ) -> None:
        first, second = await published(store, FIRST), await published(other, SECOND, OLA)
        pointer = await store.pointer()
        assert (pointer.sequence, pointer.active) == (2, second)
        moves = await store.moves()
        assert [(m.what, m.author, m.message, m.active, m.sequence) for m in moves] == [
            ("published", "ola", "a mistake", second, 2),
            ("published", "kari", "new hours", first, 1),
        ]
        assert all(move.at_ms > 1_700_000_000_000 for move in moves)
        assert await store.moves(1) == moves[:1]

    async def test_a_canary_has_its_share_and_its_beginning(self, store: VersionStore, other: VersionStore) -> None:
        await published(store, FIRST)
        id_ = await kept(store, SECOND)
        seen = await store.pointer()
        step = pointing.start_canary(seen, id_, 0.1, KARI, promote_after_s=7200)
        moved = await store.move(seen.sequence, step.to, step.move, step.events)
        canary = (await other.pointer()).canary
        assert moved.canary == canary
        assert canary is not None
        assert (canary.version, canary.share, canary.by, canary.promote_after_s) == (id_, 0.1, "kari", 7200)
        assert canary.since_ms > 1_700_000_000_000

    async def test_the_salt_stays(self, store: VersionStore, other: VersionStore) -> None:
        await published(store, FIRST)
        salt = (await store.pointer()).salt
        await published(other, SECOND)
        assert len(salt) == 32
        assert (await other.pointer()).salt == salt

    async def test_of_two_who_publish_at_once_the_second_is_told(
        self, store: VersionStore, other: VersionStore
    ) -> None:
        ids = [await kept(store, content) for content in (FIRST, SECOND)]
        seen = await store.pointer()
        steps = [pointing.publish(seen, id_, who) for id_, who in zip(ids, (KARI, OLA), strict=True)]
        results = await asyncio.gather(
            *(s.move(seen.sequence, p.to, p.move, p.events) for s, p in zip((store, other), steps, strict=True)),
            return_exceptions=True,
        )
        [told] = [result for result in results if isinstance(result, Overtaken)]
        pointer = await store.pointer()
        assert told.pointer == pointer
        assert pointer.sequence == 1
        [move] = told.moves
        assert f"{move.author}: published {pointer.active[:12]}" in str(told)

    async def test_twenty_who_publish_at_once_leave_one_line_each(
        self, store: VersionStore, other: VersionStore
    ) -> None:
        first, second = await kept(store, FIRST), await kept(store, SECOND)

        async def publish_until_done(where: VersionStore, n: int) -> None:
            while True:
                seen = await where.pointer()
                target = first if seen.active == second else second
                who = Who(f"a{n}", "", "nav", "n1")
                try:
                    await pointing.make(where, seen, lambda p: pointing.publish(p, target, who))  # noqa: B023
                except Overtaken:
                    continue
                return

        await asyncio.gather(*(publish_until_done((store, other)[n % 2], n) for n in range(20)))
        moves = await store.moves()
        assert [move.sequence for move in moves] == list(range(20, 0, -1))
        assert {move.author for move in moves} == {f"a{n}" for n in range(20)}

    async def test_who_waits_is_woken_by_a_move(self, store: VersionStore, other: VersionStore) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        waiting = asyncio.create_task(store.moved(0, 30))
        await published(other, FIRST)
        await waiting
        assert loop.time() - began < 10
        await store.moved(0, 30)
        await store.moved(1, 0.05)


def _move() -> versions.Move:
    return versions.Move("published", "kari", "", VersionId("0" * 64))
