"""Call records as configured: where they are, how they come to be read at the start, and how long they are kept."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from metrics.health import Ailing
from metrics.pipeline import Folds
from metrics.records import Records, RecordsError
from svar.config import Config, ConfigError

_log = structlog.get_logger(__name__)

FILE = "records.sqlite"
NONE_YET = "there are no call records in {} yet; the first start makes them"
AGAIN_S = 5.0
EXPIRE_S = 3_600.0
DAY_MS = 86_400_000
_MOST_PASSWORD_BYTES = 1024


def at(config: Config, environment: Mapping[str, str] = os.environ) -> Records:
    """Those that the configuration names, not opened yet. Raises ConfigError."""
    records = config.records
    if not records.url:
        return Records(Path(config.node.state) / FILE)
    try:
        return Records(records.url, password=_password(config, environment), tls=_tls(config))
    except RecordsError as error:
        raise ConfigError(str(error)) from None


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Records]:
    """For a command, beside a node or without one. Raises ConfigError, RecordsError."""
    records = at(config)
    try:
        await records.prepare()
        yield records
    finally:
        await records.close()


def are_there(config: Config) -> bool:
    """Whether there may be any: a file is made by the first start."""
    return bool(config.records.url) or (Path(config.node.state) / FILE).exists()


def mistakes(config: Config) -> Iterator[str]:
    """What `[records]` cannot be, before anything is read."""
    records = config.records
    given = [name for name in ("password_file", "password_env", "ca") if getattr(records, name)]
    if given and not records.url:
        yield f"[records] {', '.join(given)}: expected url too, without which records are in a file"
    if records.password_file and records.password_env:
        yield "[records] password_file and password_env: expected one of them"
    if records.url:
        try:
            Records(records.url)
        except RecordsError as error:
            yield str(error)


def files(config: Config, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the files that it names."""
    with suppress(RecordsError):
        try:
            at(config, environment)
        except ConfigError as error:
            yield str(error)


def _password(config: Config, environment: Mapping[str, str]) -> str:
    records = config.records
    if records.password_env:
        value = environment.get(records.password_env, "")
        if not value:
            raise ConfigError(f"[records] password_env: the environment variable {records.password_env} is not set")
        return value
    if not records.password_file:
        return ""
    path = Path(records.password_file)
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"[records] password_file: others than its owner may read {path}; chmod 600 {path}")
        return path.read_bytes()[:_MOST_PASSWORD_BYTES].decode().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"[records] password_file: {path}: {why}") from None


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.records.ca:
        return None
    try:
        return ssl.create_default_context(cafile=config.records.ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"[records] ca: {config.records.ca} cannot be used: {error.strerror or error}") from None


class RecordsInService:
    """Has the folds go on from the records, also where the database comes later than we do: callers do not wait."""

    def __init__(
        self, records: Records, folds: Folds, keep_days: int, now_ms: Callable[[], int], *, again_s: float = AGAIN_S
    ) -> None:
        self._records = records
        self._folds = folds
        self._keep_days = keep_days
        self._now_ms = now_ms
        self._again_s = again_s
        self._missing = "not asked yet"

    async def start(self) -> None:
        """Raises RecordsError for a file that cannot be used; a database that is away is asked again by `run`."""
        try:
            await self._read()
        except RecordsError as error:
            if not self._records.database.shared:
                raise
            _log.error("the node starts without its call records", error=str(error))

    async def run(self, feed: Callable[[], None]) -> None:
        """`feed` has the stream told to the folds, once these know where they were. Then what is too old goes, until
        this is cancelled.
        """
        while self._missing:
            await asyncio.sleep(self._again_s)
            with suppress(RecordsError):
                await self._read()
                _log.info("the call records are there now", checkpoint=self._folds.checkpoint)
        feed()
        while True:
            await self.expire()
            await asyncio.sleep(EXPIRE_S)

    async def expire(self) -> None:
        """Delete what has been kept for as long as it may be."""
        gone: dict[str, int] = {}
        try:
            if self._keep_days:
                gone = await self._records.expire(self._folds.tenant, self._now_ms() - self._keep_days * DAY_MS)
            await self._records.tidy()
        except RecordsError as error:
            _log.warning("what is too old could not be deleted; it will be", error=str(error))
        if gone:
            _log.info("records were kept for as long as they may be, and deleted", **gone)

    async def _read(self) -> None:
        try:
            await self._records.prepare()
            await self._folds.load()
        except RecordsError as error:
            self._missing = str(error)
            raise
        self._missing = ""

    async def check(self) -> str:
        """A check for `metrics.health`."""
        if self._missing:
            raise Ailing(f"nothing is counted yet: {self._missing}")
        assert self._folds.saver is not None
        return await self._folds.saver.check()

    def figures(self) -> dict[str, float]:
        """For Prometheus."""
        assert self._folds.saver is not None
        return self._folds.saver.figures()
