"""svar user: accounts are made with a password that is shown once, listed without it, changed and taken away."""

import subprocess
import sys
from pathlib import Path

from tests.svar.system.installation import ROOT


def svar(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = folder / "svar.toml"
    config.write_text(f'[node]\nstate = "{folder / "state"}"\n')
    command = [sys.executable, "-m", "svar", "user", *arguments, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def test_an_account_is_made_listed_changed_and_removed(tmp_path: Path) -> None:
    made = svar(tmp_path, "add", "kari", "--role", "admin")
    assert made.returncode == 0, made.stderr
    password = made.stdout.strip()
    assert len(password) >= 12
    listed = svar(tmp_path, "list").stdout
    assert "kari" in listed
    assert "admin" in listed
    assert password not in listed
    last = svar(tmp_path, "role", "kari", "viewer")
    assert (last.returncode, last.stdout) == (1, "")
    assert "the last admin" in last.stderr
    svar(tmp_path, "add", "ola")
    again = svar(tmp_path, "password", "ola").stdout.strip()
    assert again
    assert again != password
    assert svar(tmp_path, "role", "ola", "supervisor").stdout == "ola is supervisor now\n"
    assert svar(tmp_path, "remove", "ola").stdout == "ola is removed\n"
    assert "there is no account 'ola'" in svar(tmp_path, "remove", "ola").stderr
