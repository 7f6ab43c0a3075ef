"""Half-hours made again from the events that are kept, to be compared with those in the table or to stand for them."""

from collections.abc import AsyncIterator, Callable, Mapping

from events.catalogue import Event
from metrics.half_hour_rows import Key
from metrics.half_hours import KEPT_MS, HalfHours
from metrics.positions import position
from metrics.service_level import Limits
from metrics.sums import Sums

Kept = Callable[[int, int], AsyncIterator[tuple[str, Event]]]
"""The events that the stream had between two moments (epoch ms), in their order, with their ids."""


async def rebuilt(kept: Kept, limits: Mapping[str, Limits], since_ms: int, until_ms: int) -> dict[Key, Sums]:
    """The half-hours that began in [since_ms, until_ms), by the targets that are so now.

    A day more on both sides is read: what began before may end in them, and what ends after began in them.
    """
    fold = HalfHours(limits)
    routes = fold.routes()
    found: dict[Key, Sums] = {}
    async for id_, event in kept(since_ms - KEPT_MS, until_ms + KEPT_MS):
        route = routes.get(type(event))
        if route is not None:
            fold.stream_ms = position(id_)[0]
            route(event)
    found = fold.take()
    return {key: row for key, row in sorted(found.items()) if since_ms <= key[2] < until_ms}
