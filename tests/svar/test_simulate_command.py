"""`svar simulate` by a pipe and by the keyboard of a real (pseudo) terminal."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from svar.cli import app
from tests.ivr.simulator.stories import FLOW
from tests.svar.test_check_command import as_it_was

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "called.yaml").write_text(
        FLOW.replace("flow: test", "flow: called").replace("numbers: [5000]", "numbers: []")
    )
    return tmp_path


def played(folder: Path, keys: str, *options: str) -> Result:
    arguments = ["simulate", "--flows", str(folder), "--at", "2026-11-23 10:00", *options]
    with as_it_was():
        return CliRunner().invoke(app, arguments if "5000" in options else [*arguments, "test"], input=keys)


def test_a_pipe_presses_keys_when_nothing_is_said(folder: Path) -> None:
    result = played(folder, "1a+a")
    assert result.exit_code == 0
    wanted = [
        "> presses 1",
        "wait (queue)",
        "in the queue q, number 1",
        "agent answers, after",
        "answered (flow_ended)",
    ]
    places = [result.output.find(each) for each in wanted]
    assert places == sorted(places)
    assert -1 not in places


def test_a_pipe_that_ends_is_a_caller_who_hangs_up(folder: Path) -> None:
    assert "menu_ended (caller_hung_up)" in played(folder, "").output


def test_silence_and_time_pass_at_once(folder: Path) -> None:
    result = played(folder, "sss")
    assert result.output.count("says and presses nothing") == 3
    assert "completed (flow_ended)" in result.output
    assert "abandoned (flow_ended)" in played(folder, "1>").output


def test_variables_the_way_and_help_are_shown(folder: Path) -> None:
    output = played(folder, "3vt?", "--from", "90000001").output
    assert "language = 'en'" in output
    assert "menu > english > menu" in output
    assert output.count("0-9 * # the caller presses") == 2


def test_others_wait_before_the_caller(folder: Path) -> None:
    output = played(folder, "1oah").output
    assert "another caller is in the queue q, before you" in output
    assert "agent answers, after" not in output


@pytest.mark.parametrize(
    ("keys", "options", "said"),
    [
        ("7y", [], "told (branch)"),
        ("7n", [], "look-up cases: status 404"),
        ("7f", [], "look-up cases: timeout"),
        ("7", ["--answer", 'cases={"case": {"status": "open"}}'], "bye"),
        ("6", ["--from", "90000001"], 'gets a text message: "Se https://example.no"'),
        ("c", [], "there is no crisis to switch on"),
    ],
)
def test_the_world_around_is_played_too(folder: Path, keys: str, options: list[str], said: str) -> None:
    assert said in played(folder, keys, *options).output


def test_a_number_may_be_rung(folder: Path) -> None:
    assert "Test (5000), Monday 23 November 2026, 10:00 in Norway" in played(folder, "h", "5000").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tset"], "there is no flow or number 'tset'; did you mean 'test'?"),
        (["called"], "flow 'called' has no number"),
        (["test", "--at", "tomorrow"], "at: a moment is written"),
        (["test", "--set", "demo"], "--set is written --set name=value"),
        (["test", "--answer", "cases={"], "--answer cases: this is no JSON"),
        (["test", "--crisis", "flood"], "there is no crisis 'flood'"),
    ],
)
def test_mistakes_are_told(folder: Path, arguments: list[str], said: str) -> None:
    with as_it_was():
        result = CliRunner().invoke(app, ["simulate", "--flows", str(folder), *arguments])
    assert result.exit_code == 2
    assert said in result.output


class Keyboard:
    """Somebody at a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def press(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def until(self, words: str, within_s: float = 20.0) -> None:
        """Wait until these words are on the screen, colours left out."""
        deadline_s = time.monotonic() + within_s
        while words not in self.seen:
            ready, _, _ = select.select([self._descriptor], [], [], deadline_s - time.monotonic())
            assert ready, f"{words!r} is not on the screen:\n{self.seen}"
            try:
                self.seen += re.sub(r"\x1b\[[0-9;]*m", "", os.read(self._descriptor, 4096).decode(errors="replace"))
            except OSError:
                raise AssertionError(f"{words!r} never came:\n{self.seen}") from None


@contextmanager
def terminal(folder: Path, *options: str) -> Iterator[Keyboard]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "svar", "simulate", "test", "--flows", str(folder), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    try:
        yield Keyboard(ours)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_keys_on_a_keyboard_count_at_once_and_without_enter(folder: Path) -> None:
    with terminal(folder, "--fast") as keyboard:
        keyboard.until("Velkommen. Tast 1 for kø.")
        keyboard.press("3")
        keyboard.until("Press 1 for the queue.")
        keyboard.press("1")
        keyboard.until("in the queue q, number 1")
        keyboard.press("a")
        keyboard.until("agent answers, after")
        keyboard.press("+a")
        keyboard.until("ended: answered (flow_ended), after 1m")


def test_a_text_is_typed_out_as_fast_as_it_is_said_and_cut_off_by_a_key(folder: Path) -> None:
    with terminal(folder) as keyboard:
        keyboard.until("Velkommen.")
        keyboard.press("1")
        keyboard.until("presses 1")
        assert "for kø" not in keyboard.seen
        keyboard.press(">")
        keyboard.until("ended: abandoned (flow_ended), after 10m")


def test_the_terminal_is_left_as_it_was(folder: Path) -> None:
    with terminal(folder, "--fast") as keyboard:
        keyboard.until("Velkommen.")
        keyboard.press("\x04")
        keyboard.until("ended: menu_ended")
