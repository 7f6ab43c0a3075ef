"""Agents' passwords: generated, kept, private."""

from pathlib import Path

import pytest

from svar.config import ConfigError
from svar.passwords import Passwords, secret


def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Passwords(tmp_path / "state" / "agents.json")
    first.ensure(["anna", "bjorn"])
    assert set(first.fresh) == {"anna", "bjorn"}
    again = Passwords(tmp_path / "state" / "agents.json")
    again.ensure(["anna", "bjorn"])
    assert again.fresh == {}
    assert again.get("anna") == first.fresh["anna"]


def test_only_a_new_agent_gets_a_fresh_one(tmp_path: Path) -> None:
    Passwords(tmp_path / "a.json").ensure(["anna"])
    later = Passwords(tmp_path / "a.json")
    later.ensure(["anna", "bjorn"])
    assert set(later.fresh) == {"bjorn"}


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    Passwords(tmp_path / "a.json").ensure(["anna"])
    secret(tmp_path / "nonce.key")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a.json", "nonce.key")] == [0o600, 0o600]


def test_no_two_passwords_are_alike_and_none_is_guessable(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "a.json")
    passwords.ensure(f"agent{n}" for n in range(100))
    assert len(set(passwords.fresh.values())) == 100
    assert min(map(len, passwords.fresh.values())) >= 12


def test_somebody_unknown_has_no_password(tmp_path: Path) -> None:
    assert Passwords(tmp_path / "a.json").get("nobody") is None


def test_the_secret_survives_a_restart(tmp_path: Path) -> None:
    assert secret(tmp_path / "k") == secret(tmp_path / "k")
    assert len(secret(tmp_path / "k")) == 32


def test_a_file_that_is_no_list_of_passwords_is_a_mistake_with_a_hint(tmp_path: Path) -> None:
    for text in ("", "{", "[1]", '{"anna": 1}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(ConfigError, match=r"a\.json: expected a JSON object of agents and passwords"):
            Passwords(tmp_path / "a.json")


def test_a_secret_that_a_crash_left_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"")
    assert len(secret(tmp_path / "k")) == 32
    assert secret(tmp_path / "k") == secret(tmp_path / "k")
