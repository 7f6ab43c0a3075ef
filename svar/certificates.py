"""Our TLS certificate and the authorities: read at the start, and told of to those who watch."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

from metrics.health import Check
from sip.aio.tls import CertificateError, Tls, TlsFiles
from sip.certificates import Expected
from svar.config import Config, ConfigError

_log = structlog.get_logger(__name__)


def tls(config: Config) -> Tls:
    """Raises ConfigError for files that cannot be used, those of trunks among them."""
    named = any(trunk.certificate for trunk in config.trunk)
    files = TlsFiles(config.tls.certificate, config.tls.key, config.tls.ca, ask_clients=named)
    where = "[tls]"
    try:
        made = Tls(files)
        for trunk in config.trunk:
            where = f"trunk {trunk.name!r}:"
            if trunk.ca:
                made.connecting(Expected(trunk.certificate, trunk.ca, trunk.verify))
    except CertificateError as error:
        raise ConfigError(f"{where} {error}") from None
    key = files.key or files.certificate
    if key and Path(key).stat().st_mode & 0o077:
        _log.warning("others than its owner may read the private key", file=key, hint="chmod 600")
    made.warn()
    return made


def mistakes(config: Config) -> Iterator[str]:
    """What `[tls]` cannot be, before any file is read."""
    ours, sip = config.tls, config.sip
    if ours.key and not ours.certificate:
        yield "[tls] key: expected certificate too, without which TLS is not listened to"
    if ours.certificate and sip.tcp and ours.port and ours.port == sip.port:
        yield f"[tls] port = {ours.port}: expected another one than [sip] port, which TCP takes"


def figures(made: Tls) -> dict[str, int]:
    """For Prometheus; nothing where we have no certificate."""
    return (
        {"certificate_not_after_timestamp_seconds": int(made.not_after.timestamp())}
        if made.not_after is not None
        else {}
    )


def check(made: Tls) -> Check:
    """A check for `metrics.health`. One that has expired makes no node unwell: other nodes show the same."""

    async def told() -> str:
        if made.not_after is None:
            return "no certificate"
        left = (made.not_after - datetime.now(UTC)).days
        return f"our certificate {'has expired' if left < 0 else f'ends in {left} days'} ({made.not_after:%Y-%m-%d})"

    return told
