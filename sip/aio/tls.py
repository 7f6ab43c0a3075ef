"""TLS for SIP: our certificate, whom we believe, and both read anew while calls go on (RFC 3261 §26.2, RFC 5922)."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from sip.aio.connection import Secure
from sip.certificates import Expected, validity
from sip.errors import SipError

_log = structlog.get_logger(__name__)

_LOOK_S = 10.0
_SOON = timedelta(days=14)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class CertificateError(SipError):
    """A certificate, its key or a file of authorities cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. `certificate` holds the chain, ours first. `ca`: whose word counts for peers' certificates; empty:
    the system's for servers, nobody's for clients. `ask_clients`: peers that connect may show a certificate.
    """

    certificate: str = ""
    key: str = ""
    ca: str = ""
    ask_clients: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(file for file in (self.certificate, self.key, self.ca) if file)


class Tls:
    """Connections that stand keep what they began with. `not_after`: until when our certificate counts; None without
    one."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises CertificateError."""
        self._files = files
        self._clients: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._server = _server(files) if files.certificate else None
        if files.ca:
            _client(files, Expected(""))
        self.not_after = _until(files)
        self._seen = _marks(files)
        self._timer: asyncio.TimerHandle | None = None

    def accepting(self) -> Secure | None:
        """For a connection that came in; None without a certificate."""
        return partial(_accept, self._server) if self._server is not None else None

    def connecting(self, expected: Expected) -> Secure:
        """For a connection that we open; raises CertificateError where `expected.ca` cannot be read."""
        key = (expected.ca, expected.verify)
        context = self._clients.get(key)
        if context is None:
            context = self._clients[key] = _client(self._files, expected)
        return partial(_connect, context, expected.name)

    def reload(self) -> bool:
        """Read the files again. False, and a line in the log, where they cannot be used: what we had stays."""
        self._seen = _marks(self._files)
        try:
            server = _server(self._files) if self._files.certificate else None
            _client(self._files, Expected(""))
            not_after = _until(self._files)
        except CertificateError as error:
            _log.error("the new certificate is refused, the old one stays", reason=str(error))
            return False
        self._server = server
        self.not_after = not_after
        self._clients.clear()
        _log.info("certificates were read again", files=self._files.all)
        self.warn()
        return True

    def warn(self) -> None:
        """A line in the log where our certificate does not count any more, or soon will not."""
        if self.not_after is not None and (left := self.not_after - datetime.now(UTC)) < _SOON:
            told = "our certificate has expired: peers refuse it" if left < timedelta() else "our certificate ends soon"
            _log.warning(told, file=self._files.certificate, ends=self.not_after.isoformat())

    def watch(self, every_s: float = _LOOK_S) -> None:
        """Read them again by itself when they change, until `close`."""
        self.close()
        self._timer = asyncio.get_running_loop().call_later(every_s, self._look, every_s)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, every_s: float) -> None:
        """A pair of which only one file is there yet is refused, and read again when the other comes."""
        if _marks(self._files) != self._seen:
            self.reload()
        self.watch(every_s)


def _marks(files: TlsFiles) -> tuple[tuple[int, int, int], ...]:
    """What changes when a file does."""
    return tuple(_mark(Path(file)) for file in files.all)


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _server(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    _own(context, files)
    if files.ask_clients:
        _believe(context, files.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _client(files: TlsFiles, expected: Expected) -> ssl.SSLContext:
    """Names are compared by RFC 5922 once the handshake is done, which `ssl` cannot."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.check_hostname = False
    if not expected.verify:
        context.verify_mode = ssl.CERT_NONE
    elif expected.ca or files.ca:
        _believe(context, expected.ca or files.ca)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if files.certificate:
        _own(context, files)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _own(context: ssl.SSLContext, files: TlsFiles) -> None:
    certificate, key = files.certificate, files.key or files.certificate
    if "-----BEGIN CERTIFICATE-----" not in _text("certificate", certificate):
        raise CertificateError(f"certificate {certificate}: there is none in it; expected PEM")
    secret = _text("key", key)
    if "PRIVATE KEY-----" not in secret:
        where = "; name the file of its key, too" if not files.key else ""
        raise CertificateError(f"key {key}: there is no private key in it; expected PEM{where}")
    if "ENCRYPTED" in secret:
        hint = f"openssl pkey -in {key} -out KEY writes it without"
        raise CertificateError(f"key {key}: it has a password, which nobody is there to type; {hint}")
    what = f"certificate {certificate} with key {key}"
    _read(what, "expected PEM, and the key of this certificate", lambda: context.load_cert_chain(certificate, key, ""))


def _believe(context: ssl.SSLContext, ca: str) -> None:
    _text("ca", ca)
    _read(f"ca {ca}", "expected certificates of authorities, in PEM", lambda: context.load_verify_locations(ca))


def _text(what: str, file: str) -> str:
    try:
        return Path(file).read_text("latin-1")
    except OSError as error:
        raise CertificateError(f"{what} {file}: {error.strerror}") from None


def _read(what: str, expected: str, read: Callable[[], None]) -> None:
    try:
        read()
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{what}: the key is another one's; {expected}") from None
        raise CertificateError(f"{what}: {error.reason or 'it cannot be read'}; {expected}") from None
    except OSError as error:
        raise CertificateError(f"{what}: {error.strerror or error}") from None


def _until(files: TlsFiles) -> datetime | None:
    found = _CERTIFICATE.search(_text("certificate", files.certificate)) if files.certificate else None
    if found is None:
        return None
    try:
        return validity(ssl.PEM_cert_to_DER_cert(found[0]))[1]
    except ValueError as error:
        raise CertificateError(f"certificate {files.certificate}: {error}") from None


def _accept(context: ssl.SSLContext, stream: socket.socket) -> ssl.SSLSocket:
    return context.wrap_socket(stream, server_side=True, do_handshake_on_connect=False)


def _connect(context: ssl.SSLContext, name: str, stream: socket.socket) -> ssl.SSLSocket:
    return context.wrap_socket(stream, do_handshake_on_connect=False, server_hostname=name or None)
