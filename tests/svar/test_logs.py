"""Logs: values beside a fixed message, personal data masked."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from svar import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_callers_number_is_masked() -> None:
    out = io.StringIO()
    logs.configure(json=True, stream=out)
    structlog.get_logger().info("a call came", pii_caller="4798765432", pii_short="123", queue="pension")
    said = json.loads(out.getvalue())
    assert said["pii_caller"] == "********32"
    assert said["pii_short"] == "***"
    assert said["queue"] == "pension"
    assert "98765" not in out.getvalue()


def test_people_get_text_and_no_debug_lines_unless_asked() -> None:
    out = io.StringIO()
    logs.configure(json=False, stream=out)
    structlog.get_logger().debug("not for everybody")
    structlog.get_logger().warning("redis is away", host="127.0.0.1")
    assert "not for everybody" not in out.getvalue()
    assert "redis is away" in out.getvalue()


@pytest.mark.parametrize(
    "evil", ["a\nfake", "a\r\nfake", "\x1b[2J", "a\x9b31m", "a\u2028fake", "a\u202eb", "a\x85b", "\x7f"]
)
@pytest.mark.parametrize("json_lines", [True, False])
def test_text_from_outside_makes_no_entry_of_its_own_and_moves_no_cursor(evil: str, *, json_lines: bool) -> None:
    out = io.StringIO()
    logs.configure(json=json_lines, stream=out)
    log = structlog.get_logger()
    log.warning("refused", reason=evil, parts=(evil, {evil: evil}))
    try:
        raise ValueError(evil)
    except ValueError:
        log.exception("failed")
    entries = [line for line in out.getvalue().split("\n") if line and not line.startswith("    ")]
    assert len(entries) == 2
    assert out.getvalue().replace("\n", "").replace("\x7f" if json_lines else "", "").isprintable()
