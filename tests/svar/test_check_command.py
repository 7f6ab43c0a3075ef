"""`svar check` on whole configurations, and on what `deploy/example.toml` shows in comments."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from svar.cli import app
from svar.commands.serve import EXAMPLE
from svar.config import load
from tests.sip.aio.authority import Authority


@contextmanager
def as_it_was() -> Iterator[None]:
    """The command sets up the log for its own process."""
    before = structlog.get_config()
    try:
        yield
    finally:
        structlog.configure(**before)


def checked(path: Path) -> tuple[int, str]:
    with as_it_was():
        result = CliRunner().invoke(app, ["check", "--config", str(path)])
    return result.exit_code, result.output


def in_use(folder: Path) -> Path:
    """The example with every setting that it shows, and with the files that these name."""
    text = re.sub(r"^#(?=\S)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    text = text.replace('tenant = "svar"', f'tenant = "svar"\nstate = "{folder / "state"}"', 1)
    text = text.replace('folder = "../flows"', f'folder = "{EXAMPLE.parent.parent / "flows"}"')
    path = folder / "yours.toml"
    path.write_text(text)
    authority = Authority(folder, "ca")
    authority.issue("svar", "svar.example", life=timedelta(days=90))
    (folder / "svar.key").chmod(0o600)
    (folder / "state").mkdir()
    password = folder / "state" / "trunk-carrier.password"
    password.write_text("secret\n")
    password.chmod(0o600)
    for name in ("cases.token", "sms.key"):
        (folder / name).write_text("secret\n")
        (folder / name).chmod(0o600)
    return path


def test_the_example_is_right_as_it_is() -> None:
    code, told = checked(EXAMPLE)
    assert (code, "no mistakes" in told) == (0, True)


def test_the_example_is_right_with_everything_that_it_shows(tmp_path: Path) -> None:
    path = in_use(tmp_path)
    code, told = checked(path)
    assert (code, "no mistakes" in told) == (0, True), told
    shown = load(path, {})
    assert shown.tls.certificate
    assert shown.media.workers == 2
    assert [trunk.account.register for trunk in shown.trunk] == [False, True, False]
    assert [trunk.media.srtp for trunk in shown.trunk] == ["refused", "refused", "required"]
    assert [agent.srtp for agent in shown.agent] == ["required", "refused"]
    assert [place.trunk for place in shown.destination if place.trunk] == ["carrier"]
    assert [service.name for service in shown.lookup] == ["cases"]
    assert shown.sms.sender == "NAV"


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("svar.pem", r"\[tls\] certificate \S+/svar\.pem: No such file"),
        ("svar.key", r"\[tls\] key \S+/svar\.key: No such file"),
        ("ca.pem", r"\[tls\] ca \S+/ca\.pem: No such file"),
        (
            "state/trunk-carrier.password",
            r"trunk .carrier.: its password is expected in \S+: No such file.*install -m 600",
        ),
        ("cases.token", r"lookup .cases.: the value of a header is expected in \S+/cases\.token: No such file"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_anything_is_started(tmp_path: Path, lacking: str, told: str) -> None:
    path = in_use(tmp_path)
    os.remove(tmp_path / lacking)
    code, output = checked(path)
    assert code == 1
    assert re.search(told, output), output
