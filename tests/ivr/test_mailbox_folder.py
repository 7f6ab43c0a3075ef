"""Mailboxes as folders: whole messages or none, bounds, retention."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from ivr.mailbox_folder import DAY_MS, MailboxFolder, Terms, delete, messages
from ivr.ports.mailboxes import About, Draft, MailboxError, MailboxFull, Message

NOW_MS = 1_795_424_400_000
ABOUT = About("c1", "5000", "Familie", "nb", 4_000, "4799999999")


async def opened(folder: Path, now_ms: int = NOW_MS, **terms: int) -> MailboxFolder:
    made = MailboxFolder(folder / "voicemail", {"family": Terms(**terms)}, lambda: now_ms)
    await made.start()
    return made


def say(draft: Draft, contact: str) -> None:
    Path(draft.path).write_bytes(b"voice of " + contact.encode())


def data(path: str) -> bytes:
    return Path(path).read_bytes()


async def left(mailboxes: MailboxFolder, contact: str = "c1", at_ms: int = NOW_MS) -> Message:
    draft = await mailboxes.begin("family", contact, at_ms, 120)
    say(draft, contact)
    return await mailboxes.keep(draft, ABOUT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "voicemail" / "family").iterdir())


def listed(folder: Path) -> list[Message]:
    return list(messages(folder / "voicemail", "family"))


async def test_a_message_is_its_voice_and_what_is_known_of_it(tmp_path: Path) -> None:
    message = await left(await opened(tmp_path))
    assert files(tmp_path) == ["20261123T090000Z-c1.json", "20261123T090000Z-c1.wav"]
    assert listed(tmp_path) == [message]
    assert data(message.path) == b"voice of c1"
    notes = json.loads(Path(message.path).with_suffix(".json").read_text())
    assert (notes["at"], notes["pii_caller"]) == ("2026-11-23T09:00:00+00:00", "4799999999")


async def test_only_their_owner_may_read_messages(tmp_path: Path) -> None:
    message = await left(await opened(tmp_path))
    path = Path(message.path)
    assert {file.stat().st_mode & 0o777 for file in (path, path.with_suffix(".json"))} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}


async def test_a_message_that_was_dropped_leaves_nothing(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, most_messages=1)
    draft = await mailboxes.begin("family", "c1", NOW_MS, 120)
    assert listed(tmp_path) == []
    await mailboxes.drop(draft)
    await mailboxes.drop(draft)
    assert files(tmp_path) == []
    await left(mailboxes)


async def test_a_contact_may_leave_two_messages_in_one_second(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    first = await left(mailboxes)
    second = await left(mailboxes)
    assert first.message != second.message
    assert len(listed(tmp_path)) == 2


async def test_a_mailbox_takes_so_many_messages_and_no_more(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, most_messages=2)
    message = await left(mailboxes, "c1")
    begun = await mailboxes.begin("family", "c2", NOW_MS, 120)
    with pytest.raises(MailboxFull, match="2 messages"):
        await mailboxes.begin("family", "c3", NOW_MS, 120)
    await mailboxes.drop(begun)
    await left(mailboxes, "c3")
    with pytest.raises(MailboxFull):
        await mailboxes.begin("family", "c4", NOW_MS, 120)
    delete(message)
    await left(mailboxes, "c4")


async def test_of_two_callers_at_once_one_gets_the_last_place(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, most_messages=1)
    asked = [mailboxes.begin("family", contact, NOW_MS, 120) for contact in ("c1", "c2")]
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in got] == [Draft, MailboxFull]


async def test_a_mailbox_holds_so_many_bytes_and_no_more(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, most_bytes=1_500_000)
    await mailboxes.begin("family", "c1", NOW_MS, 120)
    with pytest.raises(MailboxFull, match="no room"):
        await mailboxes.begin("family", "c2", NOW_MS, 120)
    await mailboxes.begin("family", "c3", NOW_MS, 60)


async def test_a_mailbox_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="no mailbox 'fam'"):
        await (await opened(tmp_path)).begin("fam", "c1", NOW_MS, 120)


async def test_what_the_disk_does_not_take_is_kept_by_no_half(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    draft = await mailboxes.begin("family", "c1", NOW_MS, 120)
    notes = tmp_path / "voicemail" / "family" / f".{draft.message}.json"
    notes.mkdir()
    with pytest.raises(MailboxError, match="directory"):
        await mailboxes.keep(draft, ABOUT)
    notes.rmdir()
    assert files(tmp_path) == []
    await left(mailboxes)


async def test_a_folder_that_is_gone_is_an_error_and_no_crash(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    os.rename(tmp_path / "voicemail" / "family", tmp_path / "elsewhere")
    with pytest.raises(MailboxError, match="No such file"):
        await mailboxes.begin("family", "c1", NOW_MS, 120)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    (tmp_path / "voicemail" / "family").chmod(0o500)
    with pytest.raises(MailboxError, match="denied"):
        await mailboxes.begin("family", "c1", NOW_MS, 120)


async def test_messages_are_kept_for_so_many_days(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, keep_days=30)
    await left(mailboxes, "old", NOW_MS - 31 * DAY_MS)
    young = await left(mailboxes, "young", NOW_MS - 29 * DAY_MS)
    assert mailboxes.prune() == 1
    assert listed(tmp_path) == [young]
    assert len(files(tmp_path)) == 2


async def test_messages_are_kept_until_they_are_deleted_where_that_is_said(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path, keep_days=0)
    await left(mailboxes, "old", NOW_MS - 3_000 * DAY_MS)
    assert mailboxes.prune() == 0


async def test_what_a_crash_left_is_cleared_away_at_the_start(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    whole = await left(mailboxes, "whole")
    begun = await mailboxes.begin("family", "begun", NOW_MS, 120)
    (tmp_path / "voicemail" / "family" / "20261123T090000Z-x.wav").write_bytes(b"without notes")
    assert data(begun.path) == b""
    await opened(tmp_path)
    assert listed(tmp_path) == [whole]
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at_ms": 1}', '{"at_ms": "1", "contact": "c"}', "\xff"])
async def test_notes_that_are_none_are_left_out(tmp_path: Path, text: str) -> None:
    mailboxes = await opened(tmp_path)
    whole = await left(mailboxes)
    (tmp_path / "voicemail" / "family" / "a.json").write_text(text, encoding="latin-1")
    assert listed(tmp_path) == [whole]


async def test_the_beep_is_there_to_be_played(tmp_path: Path) -> None:
    beep = (await opened(tmp_path)).beep
    assert beep.duration_s == 0.4
    assert len(data(beep.path)) > 0.4 * 16_000


async def test_a_draft_of_a_caller_who_hung_up_as_it_was_made_goes_after_a_while(tmp_path: Path) -> None:
    mailboxes = await opened(tmp_path)
    draft = await mailboxes.begin("family", "c1", NOW_MS, 120)
    lost = Path(draft.path).with_name(".20261123T080000Z-c2.wav")
    lost.touch()
    for path, hours in ((Path(draft.path), 2), (lost, 2)):
        os.utime(path, times=(NOW_MS / 1000 - hours * 3600,) * 2)
    mailboxes.prune()
    assert files(tmp_path) == [Path(draft.path).name]


async def test_notes_that_are_no_object_are_left_out(tmp_path: Path) -> None:
    await opened(tmp_path)
    for number, text in enumerate(('"text"', "[]", "3", "null", "{}")):
        (tmp_path / "voicemail" / "family" / f"{number}.json").write_text(text)
    assert listed(tmp_path) == []
