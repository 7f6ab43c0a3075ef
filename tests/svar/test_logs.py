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
