"""What an operator is told of certificates, before they matter."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from svar import certificates
from svar.checks import check
from svar.config import Config, ConfigError, Sip, Tls, Trunk
from tests.sip.aio.authority import Authority


def test_certificate_that_cannot_be_used_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[tls\] certificate .*x\.pem.*No such file"):
        certificates.tls(Config(tls=Tls(certificate=str(tmp_path / "x.pem"))))
    certificates.tls(Config())


def test_authorities_of_a_trunk_that_cannot_be_used_are_a_mistake(tmp_path: Path) -> None:
    trunk = Trunk(name="op", certificate="op.example", ca=str(tmp_path / "op.pem"))
    with pytest.raises(ConfigError, match=r"trunk 'op': ca .*op\.pem: No such file"):
        certificates.tls(Config(trunk=[trunk]))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(tls=Tls(key="x.key")), "[tls] key: expected certificate too"),
        (Config(tls=Tls(certificate="x.pem", port=5060)), "[tls] port = 5060: expected another one than [sip] port"),
    ],
)
def test_tls_that_cannot_be_meant_is_a_mistake(config: Config, expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)):
        check(config)


def test_tls_may_have_the_port_that_tcp_leaves() -> None:
    check(Config(sip=Sip(tcp=False), tls=Tls(certificate="x.pem", port=5060)))


def test_a_private_key_that_others_may_read_is_told_of(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("nav.example", "nav.example", life=timedelta(days=90))
    config = Config(tls=Tls(certificate=certificate, key=key))
    for mode, told in ((0o640, 1), (0o604, 1), (0o600, 0)):
        Path(key).chmod(mode)
        with capture_logs() as logs:
            certificates.tls(config)
        assert len(logs) == told


@pytest.mark.parametrize(
    ("life", "told"),
    [(timedelta(days=90, hours=1), "ends in 90 days"), (timedelta(hours=-1), "has expired")],
)
async def test_end_of_the_certificate_is_shown(tmp_path: Path, life: timedelta, told: str) -> None:
    certificate, key = Authority(tmp_path).issue("nav.example", "nav.example", life=life)
    os.chmod(key, 0o600)
    with capture_logs() as logs:
        made = certificates.tls(Config(tls=Tls(certificate=certificate, key=key)))
    assert [line["event"] for line in logs] == ["our certificate has expired: peers refuse it"] * (life < timedelta())
    assert made.not_after is not None
    assert certificates.figures(made) == {"certificate_not_after_timestamp_seconds": int(made.not_after.timestamp())}
    assert (await certificates.check(made)()).startswith(f"our certificate {told} ({made.not_after:%Y}-")


async def test_without_a_certificate_there_is_nothing_to_show() -> None:
    made = certificates.tls(Config())
    assert certificates.figures(made) == {}
    assert await certificates.check(made)() == "no certificate"
