"""The flows' folder as the content of a version."""

from pathlib import Path

import pytest

from acd.versions import LARGEST_FILE, MOST_FILES, TooLarge, VersionError
from ivr.versions.content import read_content, write_content


def test_everything_in_the_folder_comes_back(tmp_path: Path) -> None:
    content = {"main.yaml": b"a", "prompts/nb/main/hello.wav": b"\x00\xff", "scenarios/main.yaml": b"b"}
    write_content(content, tmp_path / "one")
    (tmp_path / "one" / ".git").mkdir()
    (tmp_path / "one" / ".git" / "config").write_text("x")
    (tmp_path / "one" / ".main.yaml.swp").write_text("x")
    (tmp_path / "one" / "main.yaml~").write_text("x")
    assert read_content(tmp_path / "one") == content
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    write_content({"a.yaml": b"a"}, tmp_path / "one")
    with pytest.raises(FileExistsError):
        write_content({"b.yaml": b"b"}, tmp_path / "one")
    assert read_content(tmp_path / "one") == {"a.yaml": b"a"}


def test_what_no_version_may_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="nothing in it"):
        read_content(tmp_path / "nowhere")
    big = tmp_path / "big"
    big.mkdir()
    with (big / "a.wav").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(TooLarge, match=r"a\.wav"):
        read_content(big)
    many = tmp_path / "many"
    many.mkdir()
    for n in range(MOST_FILES + 1):
        (many / f"{n}.yaml").touch()
    with pytest.raises(TooLarge, match="2000 files"):
        read_content(many)
