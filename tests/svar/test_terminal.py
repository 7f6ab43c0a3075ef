"""Colours for terminals, plain text for everything else."""

import io

import pytest
import structlog

from svar.terminal import WIDTH, Terminal, without_logs
from tests.svar.test_check_command import as_it_was


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text_in_a_pipe_is_plain_and_as_wide_as_ever() -> None:
    terminal = Terminal(io.StringIO())
    assert terminal.style("failed [x]", "error") == "failed [x]"
    assert terminal.width == WIDTH


def test_text_on_a_terminal_has_the_colour_of_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal(Screen())
    assert terminal.style("failed [x]", "error") == "\x1b[1;31mfailed [x]\x1b[0m"
    assert terminal.style("said", "unknown role") == "said"
    assert terminal.width == 70


def test_a_wish_for_no_colours_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert Terminal(Screen()).style("failed", "error") == "failed"


def test_lines_go_to_the_stream() -> None:
    stream = io.StringIO()
    Terminal(stream).print_all(["one", "two"])
    assert stream.getvalue() == "one\ntwo\n"


def test_nothing_is_logged_meanwhile_and_everything_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    with as_it_was():
        structlog.reset_defaults()
        with without_logs():
            structlog.get_logger().error("inside")
        structlog.get_logger().error("outside")
    said = capsys.readouterr().out
    assert ("inside" in said, "outside" in said) == (False, True)
