"""Our certificate for HTTPS: read at the start, and again when its files change."""

import asyncio
import ssl
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

LOOK_S = 10.0


class CertificateError(Exception):
    """The certificate or its key cannot be used; says which and why."""


class Certificate:
    """`context` serves the newest that could be read; connections that stand keep what they began with."""

    def __init__(self, certificate: str, key: str = "") -> None:
        """Raises CertificateError."""
        self._files = (certificate, key or certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._seen = self._marks()
        self._load(self.context)

    def reload(self) -> bool:
        """Read the files again. False, and a line in the log, where they cannot be used: what we had stays."""
        self._seen = self._marks()
        try:
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # a pair that does not fit must not spoil the other
            self._load(self.context)
        except CertificateError as error:
            _log.error("the new certificate of the console is refused, the old one stays", reason=str(error))
            return False
        _log.info("the certificate of the console was read again", file=self._files[0])
        return True

    async def run(self, every_s: float = LOOK_S) -> None:
        """Read them again by itself when they change, until it is cancelled."""
        while True:
            await asyncio.sleep(every_s)
            if self._marks() != self._seen:
                self.reload()

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(*self._files, password=_no_password)
        except (OSError, ValueError) as error:
            names = " and ".join(dict.fromkeys(self._files))
            raise CertificateError(f"{names}: {error}; expected PEM files that belong together") from None

    def _marks(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_mark(Path(file)) for file in self._files)


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _no_password() -> str:
    """A key with a password would be asked for at a terminal."""
    return ""
