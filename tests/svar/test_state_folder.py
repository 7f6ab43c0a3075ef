"""One state folder, one node."""

import os
from pathlib import Path

import pytest

from svar import state_folder
from svar.config import ConfigError


def test_a_second_svar_on_the_folder_is_told_which_process_has_it(tmp_path: Path) -> None:
    with (
        state_folder.held(tmp_path / "state"),
        pytest.raises(ConfigError, match=rf"another svar \(process {os.getpid()}\) uses the state folder"),
        state_folder.held(tmp_path / "state"),
    ):
        pass


def test_a_folder_that_was_left_can_be_had_again(tmp_path: Path) -> None:
    for _ in range(2):
        with state_folder.held(tmp_path / "state"):
            assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_a_mistake_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigError, match=r"cannot be written: Not a directory; set SVAR_STATE"),
        state_folder.held(tmp_path / "file" / "state"),
    ):
        pass
