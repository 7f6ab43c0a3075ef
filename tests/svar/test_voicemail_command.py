"""`svar voicemail` on a folder with messages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.mailbox_folder import MailboxFolder, Terms
from ivr.ports.mailboxes import About
from svar.cli import app
from tests.svar.test_check_command import as_it_was

NOW_MS = 1_795_424_400_000
Told = Callable[..., tuple[int, str]]


@pytest.fixture
async def mailboxes(tmp_path: Path) -> MailboxFolder:
    made = MailboxFolder(tmp_path / "state" / "voicemail", {"family": Terms(), "debt": Terms()}, lambda: NOW_MS)
    await made.start()
    for contact, caller in (("c1", "4799999999"), ("c2", "")):
        draft = await made.begin("family", contact, NOW_MS + int(contact[1:]) * 1000, 120)
        _say(Path(draft.path))
        await made.keep(draft, About(contact, "5000", "Familie", "nb", 4_000, caller))
    return made


def _say(path: Path) -> None:
    path.write_bytes(b"voice")


@pytest.fixture
def told(tmp_path: Path, mailboxes: MailboxFolder) -> Told:
    config = tmp_path / "svar.toml"
    config.write_text(
        f'[node]\nstate = "{tmp_path / "state"}"\n[[mailbox]]\nname = "family"\n[[mailbox]]\nname = "debt"\n'
    )

    def run(*words: str) -> tuple[int, str]:
        with as_it_was():
            result = CliRunner().invoke(app, ["voicemail", *words, "--config", str(config)])
        return result.exit_code, result.output

    return run


def test_messages_are_listed_by_mailbox(told: Told) -> None:
    code, text = told("list")
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == "family: 2 messages"
    assert lines[1].strip() == "20261123T090001Z-c1  2026-11-23 10:00:01  4 s  Familie  nb  4799999999"
    assert lines[2].endswith("number withheld")
    assert lines[3] == "debt: 0 messages"
    assert told("list", "debt") == (0, "debt: 0 messages\n")


def test_a_message_is_found_where_nobody_looks_at_a_screen(told: Told, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "voicemail" / "family"
    assert told("play", "family", "20261123T090001Z-c1") == (0, f"{folder}/20261123T090001Z-c1.wav\n")
    assert told("play", "family", "last", "--path") == (0, f"{folder}/20261123T090002Z-c2.wav\n")


def test_a_deleted_message_is_gone_with_its_voice(told: Told, tmp_path: Path) -> None:
    assert told("delete", "family", "20261123T090001Z-c1") == (0, "20261123T090001Z-c1 is deleted\n")
    assert told("list", "family")[1].startswith("family: 1 message\n")
    assert len(list((tmp_path / "state" / "voicemail" / "family").iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("list", "famly"), "there is no [[mailbox]] 'famly'; did you mean 'family'?"),
        (("play", "family", "../../x"), "mailbox 'family' has no message '../../x'"),
        (("delete", "debt", "last"), "mailbox 'debt' has no message 'last'"),
    ],
)
def test_what_is_not_there_is_told(told: Told, words: tuple[str, ...], expected: str) -> None:
    code, text = told(*words)
    assert (code, expected in text) == (1, True)
