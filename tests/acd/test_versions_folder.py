"""Versions in a folder: the contract, and what a disk can do wrong."""

from pathlib import Path

import pytest

from acd.distributor import Unavailable
from acd.versions import Damaged, NoVersion, Pointer, VersionId
from acd.versions_folder import FolderVersions
from events.catalogue import FlowsPublished
from events.sink import MemorySink
from tests.acd.versions_contract import FIRST, SECOND, VersionsContract, draft, published


@pytest.fixture
def store(tmp_path: Path) -> FolderVersions:
    return FolderVersions(tmp_path / "versions")


@pytest.fixture
def other(tmp_path: Path) -> FolderVersions:
    return FolderVersions(tmp_path / "versions")


@pytest.fixture
def narrow(tmp_path: Path) -> FolderVersions:
    return FolderVersions(tmp_path / "versions", most=3)


class TestFolderVersions(VersionsContract):
    """The contract."""


async def test_moves_made_in_a_folder_are_told(tmp_path: Path) -> None:
    sink = MemorySink()
    store = FolderVersions(tmp_path, sink=sink)
    id_ = await published(store, FIRST)
    [told] = sink.events
    assert isinstance(told, FlowsPublished)
    assert told.flow_version == id_[:12]


async def test_a_folder_that_was_changed_by_hand_is_found_out(store: FolderVersions, tmp_path: Path) -> None:
    version = await store.keep(draft(FIRST), FIRST)
    for blob in (tmp_path / "versions" / "blobs").iterdir():
        blob.write_bytes(b"something else")
    with pytest.raises(Damaged, match="another hash"):
        await store.content(version.id)
    for blob in (tmp_path / "versions" / "blobs").iterdir():
        blob.unlink()
    with pytest.raises(Damaged, match="missing"):
        await store.content(version.id)
    record = tmp_path / "versions" / "versions" / f"{version.id}.json"
    record.write_text("{}")
    with pytest.raises(Damaged, match="no record"):
        await store.version(version.id)
    record.write_text("{")
    with pytest.raises(Damaged, match="json"):
        await store.versions()


async def test_an_id_leads_nowhere_else(store: FolderVersions) -> None:
    with pytest.raises(NoVersion):
        await store.version(VersionId("../../etc/passwd"))


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"):
        await FolderVersions(tmp_path / "file").keep(draft(FIRST), FIRST)


async def test_a_line_that_a_crash_left_half_written_is_no_move(store: FolderVersions, tmp_path: Path) -> None:
    await published(store, FIRST)
    with (tmp_path / "versions" / "moves.jsonl").open("ab") as file:
        file.write(b'{"what": "publi')
    assert len(await store.moves()) == 1
    await published(store, SECOND)
    assert [move.sequence for move in await store.moves()] == [2, 1]


async def test_another_stores_pointer_is_mirrored(store: FolderVersions, other: FolderVersions) -> None:
    pointer = Pointer(7, VersionId("a" * 64), None, "salt")
    await store.mirror(pointer)
    assert await other.pointer() == pointer
