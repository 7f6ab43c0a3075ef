"""Clients of Redis with the time limits that the distributor counts on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import NoScriptError, RedisError

from acd.commands import Script
from acd.distributor import Unavailable
from acd.finding import ClusterNodes, Finder, FollowingConnection, FollowingTlsConnection, Place, Sentinels
from acd.keys import Keys

ANSWER_S = 2.0
"""The longest that an ordinary command waits for its answer."""
FORMS = (
    "redis://host:port, rediss://host:port, unix:///path, sentinel://host:port,host:port/name or cluster://host:port"
)
_PLAIN = ("redis", "rediss", "unix")
_MANY = {"sentinel": False, "sentinels": True, "cluster": False, "clusters": True}
"""Schemes of those that are asked where to go, and whether over TLS."""
_SENTINEL_PORT, _CLUSTER_PORT = 26379, 6379


def command_client(url: str, *, most: int = 64, tenant: str = "") -> Redis:
    """For commands: repeats twice by itself (each carries an id), then fails; `most` at once, the others wait.

    `tenant`: whose keys are asked for, which a cluster has to know. Raises ValueError for a URL that is none.
    """
    pool = BlockingConnectionPool(
        **_ways(url, tenant),
        max_connections=most,
        timeout=ANSWER_S,
        decode_responses=True,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 2),
    )
    return Redis.from_pool(pool)


def blocking_client(url: str, *, tenant: str = "") -> Redis:
    """For one reader that blocks: no time limit of its own and no repeating; the reader bounds both."""
    pool = ConnectionPool(
        **_ways(url, tenant),
        decode_responses=True,
        socket_timeout=None,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(ExponentialBackoff(), 0),
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def available(within_s: float | None = None) -> AsyncIterator[None]:
    """What Redis and the way to it raise, as Unavailable; also when it took longer than `within_s`."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError as error:
        raise Unavailable("redis: no answer in time") from error
    except (RedisError, OSError) as error:
        raise Unavailable(f"redis: {type(error).__name__}: {error}") from error


async def evaluate(client: Redis, script: Script, *arguments: Any) -> Any:
    """The answer of a script, loaded where it is missing; `arguments` begin with the number of keys.

    Raises what Redis raises.
    """
    any_client: Any = client
    try:
        return await any_client.evalsha(script.sha, *arguments)
    except NoScriptError:
        return await any_client.eval(script.text, *arguments)


def check(url: str) -> None:
    """Raises ValueError, with what was expected, for a URL that is none."""
    _ways(url, "t")


def _ways(url: str, tenant: str) -> dict[str, Any]:
    """What the library's pools want to know of the way."""
    scheme, there, rest = url.partition("://")
    if not there or not rest or " " in url or scheme not in (*_PLAIN, *_MANY):
        raise ValueError(f"expected {FORMS}")
    if scheme in _PLAIN:
        return _parsed(url)
    parts, tls = urlsplit(url), _MANY[scheme]
    credentials, _, hosts = parts.netloc.rpartition("@")
    query = f"?{parts.query}" if parts.query else ""
    at = f"{credentials}@" if credentials else ""
    given: dict[str, Any] = _parsed(f"{'rediss' if tls else 'redis'}://{at}redis/0{query}")
    given.pop("host", None)
    given.pop("connection_class", None)
    asked = {"tls": tls} | {name: value for name, value in given.items() if name.startswith("ssl_")}
    kind = FollowingTlsConnection if tls else FollowingConnection
    return {"connection_class": kind, "finder": _finder(scheme, parts.path, hosts, tenant, asked, given)} | given


def _parsed(url: str) -> dict[str, Any]:
    """The library's errors show the text, in which a password may stand."""
    try:
        return dict(parse_url(url))
    except ValueError:
        raise ValueError(f"expected {FORMS}") from None


def _finder(
    scheme: str, path: str, hosts: str, tenant: str, asked: Mapping[str, Any], given: Mapping[str, Any]
) -> Finder:
    name = path.strip("/")
    if scheme.startswith("sentinel"):
        if not name:
            raise ValueError(f"{scheme}://: expected the master's name, as in {scheme}://host:port,host:port/name")
        return Sentinels(_places(scheme, hosts, _SENTINEL_PORT), name, asked)
    if name not in ("", "0"):
        raise ValueError(f"{scheme}://: a cluster has one database, and no /{name}")
    if not tenant:
        raise ValueError(f"{scheme}://: the tenant has to be known, by which a cluster finds its keys")
    proofs = {key: given[key] for key in ("username", "password") if key in given}
    return ClusterNodes(_places(scheme, hosts, _CLUSTER_PORT), Keys(tenant).prefix, {**asked, **proofs})


def _places(scheme: str, hosts: str, usual_port: int) -> list[Place]:
    found = []
    for text in hosts.split(","):
        try:
            one = urlsplit(f"//{text}")
            found.append((one.hostname or "", one.port or usual_port))
        except ValueError:
            found.append(("", 0))
        if not found[-1][0]:
            raise ValueError(f"{scheme}://: {text!r} is no host:port")
    return found
