"""This node's copies: whole, its owner's alone, and read whoever wrote them."""

import json
from pathlib import Path

import pytest

from svar.config import ConfigError
from svar.password_files import HandOut, Kept, read, secret, write


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "agents.json"
    kept = {"anna": Kept.of("anna", "svar", "open", 5), "bjorn": Kept(Kept.of("bjorn", "svar", "hidden", 6).credential)}
    write(path, "svar", kept)
    assert "hidden" not in path.read_text()
    again = read(path, "svar")
    assert (again["anna"].plain, again["bjorn"]) == ("open", kept["bjorn"])
    assert again["anna"].same(kept["anna"].credential)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_hashed_for_another_realm_is_left_out_and_a_password_is_hashed_anew(tmp_path: Path) -> None:
    kept = {"anna": Kept.of("anna", "svar", "open", 5), "bjorn": Kept(Kept.of("bjorn", "svar", "hidden", 6).credential)}
    write(tmp_path / "a.json", "svar", kept)
    found = read(tmp_path / "a.json", "nav.no")
    assert found.keys() == {"anna"}
    assert found["anna"].same(Kept.of("anna", "nav.no", "open", 0).credential)


def test_a_file_that_is_no_list_of_passwords_is_a_mistake_with_a_hint(tmp_path: Path) -> None:
    for text in ("", "{", "[1]", '{"anna": 1}', '{"anna": {"realm": "svar"}}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(ConfigError, match=r"a\.json: expected a JSON object of agents and passwords"):
            read(tmp_path / "a.json", "svar")


def test_what_stands_so_already_is_not_written_again(tmp_path: Path) -> None:
    kept = {"anna": Kept.of("anna", "svar", "open", 5)}
    write(tmp_path / "a.json", "svar", kept)
    before = (tmp_path / "a.json").stat().st_ino
    write(tmp_path / "a.json", "svar", kept)
    assert (tmp_path / "a.json").stat().st_ino == before


def test_what_is_to_be_handed_out_is_gone_once_it_was(tmp_path: Path) -> None:
    path = tmp_path / "agents.new.json"
    out = HandOut(path)
    out.drop(["anna"])
    out.add({"anna": "one"})
    out.add({"bjorn": "two"})
    assert json.loads(path.read_text()) == {"anna": "one", "bjorn": "two"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert out.read(lambda agent, password: (agent, password) == ("bjorn", "two")) == {"bjorn": "two"}
    out.drop(["anna"])
    out.drop(["bjorn"])
    assert not path.exists()


def test_a_secret_survives_a_restart_and_is_its_owners_alone(tmp_path: Path) -> None:
    assert secret(tmp_path / "k") == secret(tmp_path / "k")
    assert len(secret(tmp_path / "k")) == 32
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600


def test_a_secret_gives_way_to_that_of_the_other_nodes(tmp_path: Path) -> None:
    secret(tmp_path / "k")
    assert secret(tmp_path / "k", b"s" * 32) == b"s" * 32
    assert secret(tmp_path / "k") == b"s" * 32


def test_a_secret_that_a_crash_left_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"")
    assert len(secret(tmp_path / "k")) == 32
    assert secret(tmp_path / "k") == secret(tmp_path / "k")


def test_what_python_shows_of_one_does_not_give_it_away() -> None:
    assert "open" not in repr(Kept.of("anna", "svar", "open", 5))
