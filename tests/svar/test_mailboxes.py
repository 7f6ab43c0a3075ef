from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.over_sip.telephony import Identity
from ivr.ports.mailboxes import MailboxFull
from svar.config import Config, ConfigError, Mailbox, Node
from svar.mailboxes import opened
from svar.parts import Parts

IDENTITY = Identity("t", "n1", lambda: 1_795_424_400_000)


def config(folder: Path, *mailboxes: Mailbox) -> Config:
    return Config(node=Node(state=str(folder)), mailbox=list(mailboxes))


async def test_without_mailboxes_there_is_no_folder(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        assert await opened(config(tmp_path), IDENTITY, Parts(), stack) is None
    assert not (tmp_path / "voicemail").exists()


async def test_mailboxes_take_what_the_configuration_says(tmp_path: Path) -> None:
    mailbox = Mailbox(name="family", most_messages=1, most_mb=1)
    async with AsyncExitStack() as stack:
        made = await opened(config(tmp_path, mailbox), IDENTITY, Parts(), stack)
        assert made is not None
        with pytest.raises(MailboxFull, match="no room"):
            await made.begin("family", "c1", 0, 126)
        draft = await made.begin("family", "c1", 0, 120)
        with pytest.raises(MailboxFull, match="1 messages"):
            await made.begin("family", "c2", 0, 1)
    assert Path(draft.path).parent == tmp_path / "voicemail" / "family"


async def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "voicemail").write_text("")
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigError, match="File exists"):
            await opened(config(tmp_path, Mailbox(name="family")), IDENTITY, Parts(), stack)
