"""svar agent password: made and shown once; `svar agent NAME` stays the phone."""

import re
import subprocess
import sys
from pathlib import Path

from tests.svar.system.installation import ROOT

CONFIG = """
[node]
state = "{state}"
[flows]
folder = "{flows}"
[sip]
realm = "{realm}"
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
[[agent]]
name = "wall"
contact = "sip:wall@192.0.2.7"
skills = {{ work = 5 }}
"""


def svar(tmp_path: Path, *arguments: str, realm: str = "svar") -> subprocess.CompletedProcess[str]:
    config = tmp_path / "svar.toml"
    config.write_text(CONFIG.format(state=tmp_path / "state", flows=ROOT / "flows", realm=realm))
    command = [sys.executable, "-m", "svar", "agent", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def password(tmp_path: Path, *arguments: str, realm: str = "svar") -> subprocess.CompletedProcess[str]:
    return svar(tmp_path, "password", *arguments, "--config", str(tmp_path / "svar.toml"), realm=realm)


def test_a_password_is_made_and_shown_once_and_another_only_when_asked_for(tmp_path: Path) -> None:
    made = password(tmp_path, "anna")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"[\w-]{12}\n", made.stdout)
    again = password(tmp_path, "anna")
    assert (again.returncode, again.stdout) == (1, "")
    assert re.search(r"anna has a password since 20\S+ \S+, which was shown then; --new makes another", again.stderr)
    other = password(tmp_path, "anna", "--new")
    assert re.fullmatch(r"[\w-]{12}\n", other.stdout)
    assert other.stdout != made.stdout
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"credentials" in kept
    assert made.stdout.strip().encode() not in kept
    assert other.stdout.strip().encode() not in kept
    elsewhere = password(tmp_path, "anna", "--new", realm="else")
    assert elsewhere.returncode == 1
    assert "[sip] realm = 'else': the installation's is 'svar'" in elsewhere.stderr


def test_who_has_no_phone_that_registers_gets_none(tmp_path: Path) -> None:
    nobody = password(tmp_path, "nobody", "--new")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "there is no agent 'nobody'" in nobody.stderr
    fixed = password(tmp_path, "wall")
    assert fixed.returncode == 1
    assert "the phone of wall never registers: it is reached at sip:wall@192.0.2.7" in fixed.stderr


def test_an_agents_name_alone_is_the_phone_whatever_its_options(tmp_path: Path) -> None:
    for arguments in (("kari",), ("--state", str(tmp_path), "kari"), ("phone", "password")):
        phone = svar(tmp_path, *arguments, "--target", "no port")
        assert phone.returncode == 2
        assert phone.stderr.startswith("svar agent: ")
