"""From the command line to an account."""

from pathlib import Path

import pytest

from sip.config import Address
from svar.phones.dialling import account, number_and_target, password_of


def test_a_number_goes_to_the_target_and_an_address_to_its_own_server() -> None:
    assert number_and_target("600", "127.0.0.1:5070") == ("600", "127.0.0.1:5070")
    assert number_and_target("sip:600@10.0.0.9", "127.0.0.1:5070") == ("600", "10.0.0.9:5060")
    assert number_and_target("sip:*1@[::1]:5062", "x") == ("*1", "[::1]:5062")
    with pytest.raises(ValueError, match="no SIP address"):
        number_and_target("sip:", "x")


def test_uris_name_the_port_only_when_it_is_not_the_usual_one() -> None:
    assert str(account("kari", "127.0.0.1:5060").at("600")) == "sip:600@127.0.0.1"
    ours = account("kari", "127.0.0.1:5070", "secret")
    assert (str(ours.at("600")), ours.server) == ("sip:600@127.0.0.1:5070", Address("127.0.0.1", 5070))
    assert "secret" not in repr(ours)


def test_a_password_comes_from_its_file_or_from_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "agents.json").write_text('{"kari": "from state"}')
    (tmp_path / "one").write_text("from file\n")
    assert password_of("kari", None, tmp_path) == "from state"
    assert password_of("ola", None, tmp_path) == ""
    assert password_of("kari", None, tmp_path / "nowhere") == ""
    assert password_of("kari", tmp_path / "one", tmp_path) == "from file"


def test_where_only_the_hashes_are_kept_a_password_file_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "agents.json").write_text('{"kari": {"realm": "svar", "made_ms": 1, "md5": "a", "sha256": "b"}}')
    with pytest.raises(ValueError, match="only what is kept of kari's password; name a --password-file"):
        password_of("kari", None, tmp_path)


def test_a_broken_state_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "agents.json").write_text("{")
    with pytest.raises(ValueError, match=r"agents\.json"):
        password_of("kari", None, tmp_path)
