"""Work that a node repeats for as long as it runs, and that outlives the store's absence."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.stdlib import BoundLogger

from acd.distributor import DistributorError


async def lasting(
    turn: Callable[[], Awaitable[None]], rest_s: float, log: BoundLogger, away: str, *, retry_s: float | None = None
) -> None:
    """Until it is cancelled: a turn, then a rest. Where turns cannot be done, the log says once that it is `away`,
    and the next is tried after `retry_s` (without it `rest_s`).
    """
    told = False
    while True:
        try:
            await turn()
            told, pause_s = False, rest_s
        except (DistributorError, OSError) as error:
            if not told:
                log.warning(away, error=str(error))
            told, pause_s = True, rest_s if retry_s is None else retry_s
        await asyncio.sleep(pause_s)
