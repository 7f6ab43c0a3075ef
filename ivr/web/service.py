"""One web service: requests to it, with a bound on everything that it or a crowd of callers could make long."""

import asyncio
import ssl

import aiohttp
import structlog
from yarl import URL

from ivr.ports.lookups import Cause, Failed
from ivr.web.addresses import NotAllowed
from ivr.web.circuit import Circuit
from ivr.web.guard import CheckedNames, Names, SystemNames, checked_socket
from ivr.web.requests import Body as Body
from ivr.web.requests import WebRequest as WebRequest
from ivr.web.requests import WebService as WebService

_log = structlog.get_logger(__name__)

WAITING_PER_PLACE = 4
PAUSE_S = 0.1
"""Between a failure and the next try."""

_OWN_HEADERS = {"User-Agent": "svar", "Accept": "application/json", "Accept-Encoding": "identity"}
_PASSING = frozenset((429, 502, 503, 504))
"""Statuses that another try may not meet again."""
_FIRST_SERVER_ERROR = 500


class WebClient:
    """Asks one service. Made inside the loop; `close` ends its connections.

    Up to `at_once` requests are under way, and four times as many wait for a place; who comes then is turned away.
    """

    def __init__(self, service: WebService, names: Names | None = None) -> None:
        """Raises OSError when the authorities cannot be read."""
        self.service = service
        self._circuit = Circuit(service.failures, service.rest_s)
        self._places = asyncio.Semaphore(service.at_once)
        self._waiting = 0
        self._own_names = SystemNames() if names is None else None
        self._session = _session(service, names or self._own_names or SystemNames())

    async def close(self) -> None:
        """End the connections; requests under way fail."""
        await self._session.close()
        if self._own_names is not None:
            self._own_names.close()

    async def exchange(self, request: WebRequest, timeout_s: float | None = None, retries: int = 0) -> Body | Failed:
        """`timeout_s` is the time for everything: waiting for a place, connecting, answering, trying again."""
        now = asyncio.get_running_loop().time()
        if self._circuit.is_open(now):
            return Failed(Cause.CIRCUIT_OPEN)
        if self._waiting >= self.service.at_once * WAITING_PER_PLACE:
            return Failed(Cause.OVERLOADED)
        ends_at = now + (timeout_s or self.service.timeout_s)
        try:
            async with asyncio.timeout_at(ends_at):
                await self._place()
        except TimeoutError:
            return Failed(Cause.OVERLOADED)
        try:
            return await self._tries(request, ends_at, retries)
        finally:
            self._places.release()

    async def _place(self) -> None:
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    async def _tries(self, request: WebRequest, ends_at: float, retries: int) -> Body | Failed:
        if request.pii_body is not None and not self.service.repeats_posts:
            retries = 0
        clock = asyncio.get_running_loop().time
        answer = await self._admitted(request, ends_at)
        for _ in range(retries):
            if not _is_worth_another(answer) or clock() + PAUSE_S >= ends_at:
                break
            await asyncio.sleep(PAUSE_S)
            again = await self._admitted(request, ends_at)
            if isinstance(again, Failed) and again.cause is Cause.CIRCUIT_OPEN:
                break
            answer = again
        return answer

    async def _admitted(self, request: WebRequest, ends_at: float) -> Body | Failed:
        """One try, if the service isn't left alone now; how it went is told to the circuit."""
        circuit, clock = self._circuit, asyncio.get_running_loop().time
        if not circuit.admit(clock()):
            return Failed(Cause.CIRCUIT_OPEN)
        answer: Body | Failed | None = None
        try:
            async with asyncio.timeout_at(ends_at):
                answer = await self._once(request)
        except TimeoutError:
            answer = Failed(Cause.TIMEOUT)
        finally:
            if answer is None:
                circuit.left()
            elif _is_their_failure(answer):
                self._failed(clock(), answer)
            else:
                circuit.succeeded()
        return answer

    def _failed(self, now: float, answer: Body | Failed) -> None:
        if self._circuit.failed(now):
            cause = answer.cause if isinstance(answer, Failed) else ""
            _log.warning("a web service fails and is left alone for a while", service=self.service.name, cause=cause)

    async def _once(self, request: WebRequest) -> Body | Failed:
        method = "GET" if request.pii_body is None else "POST"
        headers = {**request.pii_headers, **self.service.headers}
        if request.pii_body is not None:
            headers["Content-Type"] = "application/json"
        url = URL(self.service.url + request.path, encoded=True)
        try:
            response = await self._session.request(
                method, url, data=request.pii_body, headers=headers, allow_redirects=False
            )
            try:
                return await _read(response, self.service.most_bytes)
            finally:
                response.close()
        except aiohttp.ClientConnectorError as error:
            return self._unreached(error.os_error)
        except (aiohttp.ClientError, OSError) as error:
            return self._unreached(error)
        except Exception:  # noqa: BLE001 - whatever an answer makes of the library, the caller goes on
            _log.exception("a web service's answer could not be taken", service=self.service.name)
            return Failed(Cause.REFUSED)

    def _unreached(self, error: Exception) -> Failed:
        """What is not allowed is a mistake of the configuration or an attack: the operator is told."""
        if isinstance(error, TimeoutError):
            return Failed(Cause.TIMEOUT)
        if isinstance(error, NotAllowed | aiohttp.InvalidURL):
            _log.warning("a web service is not asked", service=self.service.name, why=str(error))
            return Failed(Cause.NOT_ALLOWED)
        _log.info("a web service was not reached", service=self.service.name, why=type(error).__name__)
        return Failed(Cause.REFUSED)


def _session(service: WebService, names: Names) -> aiohttp.ClientSession:
    """No cookies, no proxies and passwords from the environment, no redirects, nothing unpacked."""
    context = ssl.create_default_context(cafile=service.ca or None)
    connector = aiohttp.TCPConnector(
        resolver=CheckedNames(names, service.networks),
        ssl=context,
        limit=service.at_once,
        socket_factory=checked_socket(service.networks),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_OWN_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trust_env=False,
        auto_decompress=False,
        requote_redirect_url=False,
    )


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> Body | Failed:
    """The body, if it is whole within its bound. A packed one is refused: we said that we take none."""
    if not 200 <= response.status < 300:
        return Failed(Cause.STATUS, response.status)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return Failed(Cause.NOT_JSON)
    if (response.content_length or 0) > most_bytes:
        return Failed(Cause.TOO_LARGE)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            return Failed(Cause.TOO_LARGE)
    return Body(bytes(body))


def _is_their_failure(answer: Body | Failed) -> bool:
    """Whether the service is away or in trouble, not merely of another opinion."""
    if isinstance(answer, Body):
        return False
    if answer.cause is Cause.STATUS:
        return answer.status >= _FIRST_SERVER_ERROR or answer.status in _PASSING
    return answer.cause in (Cause.TIMEOUT, Cause.REFUSED, Cause.NOT_ALLOWED)


def _is_worth_another(answer: Body | Failed) -> bool:
    if isinstance(answer, Body):
        return False
    return answer.cause is Cause.REFUSED or (answer.cause is Cause.STATUS and answer.status in _PASSING)
