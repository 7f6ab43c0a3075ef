"""Clients of Redis with the time limits that the distributor counts on."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

ANSWER_S = 2.0
"""The longest that an ordinary command waits for its answer."""


def command_client(url: str, *, most: int = 64) -> Redis:
    """For commands: repeats twice by itself (each carries an id), then fails; `most` at once, the others wait."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=most,
        timeout=ANSWER_S,
        decode_responses=True,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 2),
    )
    return Redis.from_pool(pool)


def blocking_client(url: str) -> Redis:
    """For one reader that blocks: no time limit of its own and no repeating; the reader bounds both."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=None,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(ExponentialBackoff(), 0),
    )
