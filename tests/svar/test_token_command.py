"""svar token: made and shown once, listed without its secret, revoked; no token exists by itself."""

import subprocess
import sys
from pathlib import Path

from tests.svar.system.installation import ROOT


def svar(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "svar.toml"
    config.write_text(
        f'[node]\nstate = "{tmp_path / "state"}"\n[flows]\nfolder = "{ROOT / "flows"}"\n'
        '[[queue]]\nname = "q"\n[[agent]]\nname = "anna"\nskills = {q = 1}\n'
    )
    command = [sys.executable, "-m", "svar", "token", *arguments, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def test_a_token_is_made_listed_and_revoked(tmp_path: Path) -> None:
    assert "there are no tokens" in svar(tmp_path, "list").stdout
    made = svar(tmp_path, "add", "anna-desk", "--role", "agent", "--agent", "anna", "--expires", "12h")
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert text.startswith("svar_")
    listed = svar(tmp_path, "list").stdout
    assert "anna-desk" in listed
    assert "agent of anna" in listed
    assert text.rpartition("_")[2] not in listed
    assert svar(tmp_path, "revoke", "anna-desk").stdout == "anna-desk is revoked\n"
    assert "there are no tokens" in svar(tmp_path, "list").stdout
    again = svar(tmp_path, "revoke", "anna-desk")
    assert (again.returncode, again.stdout) == (1, "")
    assert "there is no token 'anna-desk'" in again.stderr


def test_what_makes_no_token_is_told(tmp_path: Path) -> None:
    wrong = svar(tmp_path, "add", "x", "--role", "reader", "--expires", "soon")
    assert wrong.returncode == 1
    assert "--expires 'soon': write 90d, 12h or 30m" in wrong.stderr
    assert "is not one of" in svar(tmp_path, "add", "x", "--role", "king").stderr


def test_a_token_for_nobody_is_refused_with_who_may_be_meant_and_where_it_was_looked(tmp_path: Path) -> None:
    refused = svar(tmp_path, "add", "x", "--role", "agent", "--agent", "ana")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there is no agent 'ana'; did you mean 'anna'?" in refused.stderr
    assert str(tmp_path / "state") in refused.stderr
    assert "there are no tokens" in svar(tmp_path, "list").stdout


def test_it_says_where_a_token_is_kept_beside_the_token(tmp_path: Path) -> None:
    made = svar(tmp_path, "add", "x", "--role", "reader")
    assert made.stdout.startswith("svar_")
    assert len(made.stdout.splitlines()) == 1
    assert (
        f"kept in the state folder {tmp_path / 'state'}, of the configuration {tmp_path / 'svar.toml'}" in made.stderr
    )
