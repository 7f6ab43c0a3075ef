"""Queue states and events over MQTT. Nobody waits for it: what the broker cannot take is dropped and counted.

Topics: `svar/<tenant>/queue/<queue>`, `svar/<tenant>/site/<site>`, `svar/<tenant>/agents`, `svar/<tenant>/crisis`,
`svar/<tenant>/duty/<queue>` and `svar/<tenant>/reserve/<agent>` (retained, on change, at most once a second),
`svar/<tenant>/agent/<agent>` and `svar/<tenant>/agent/<agent>/offer` (retained, as they change),
`svar/<tenant>/event/<kind>` (each event once, personal data masked), `svar/<tenant>/node/<node>` (retained; `offline`
by last will when the node is lost). docs/mqtt.md has them all.
"""

import asyncio
import contextlib
import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import aiomqtt
import structlog

from events.catalogue import FIELD_TYPES, Event, Scalar
from metrics.broker import FIRST_DELAY_S, LONGEST_DELAY_S, topic_level
from metrics.broker import Broker as Broker
from metrics.broker import BrokerUrlError as BrokerUrlError
from metrics.service_level import servicegrad_45, svargrad
from metrics.wallboard import STATES, Board

MASK = "***"
STATE_EVERY_S = 1.0
TICK_S = 0.05
TOGETHER = 25
MOST_SITES = 500

log = structlog.get_logger(__name__)


class Live(Protocol):
    """States that are told as soon as they change (`metrics.agents_live.AgentsLive`)."""

    def tell(self, event: Event) -> None: ...

    def again(self) -> None: ...

    def take(self, most: int) -> list[tuple[str, str]]: ...


class MqttFeed:
    """Publishes one tenant's events and states from one node. `tell` takes events; `run` publishes until cancelled.

    `board` is asked for the state once a second, `sites` for agents by site and state, `further` for more states by
    topic (its levels by `/`). Every node reads all events: `ours` says which of them, by the node that they are of,
    this one publishes. `about` is what stands beside the node's state. At most
    `most_waiting` events wait for the broker; then the oldest go. `most_per_s` bounds what publishing costs (measured:
    45 µs of CPU an event). A broker that does not answer within `timeout_s` counts as lost.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        tenant: str,
        node: str,
        board: Callable[[], Board],
        further: Callable[[], Mapping[str, Mapping[str, Scalar | None]]] = dict,
        live: Live | None = None,
        sites: Callable[[], Mapping[tuple[str, str], int]] = dict,
        ours: Callable[[str], bool] = lambda _node: True,
        about: Mapping[str, Scalar] | None = None,
        most_waiting: int = 10_000,
        most_per_s: int = 400,
        timeout_s: float = 5.0,
    ) -> None:
        self._broker = broker
        self._root = f"svar/{topic_level(tenant)}"
        self._node_topic = f"{self._root}/node/{topic_level(node)}"
        self._states = States(self._root, board, sites, further)
        self._live = live
        self._ours = ours
        self._online = {"state": "online", **(about or {})}
        self._waiting: deque[Event] = deque(maxlen=most_waiting)
        self._most_per_tick = max(int(most_per_s * TICK_S), 1)
        self._timeout_s = timeout_s
        self._published: dict[str, str] = {}
        self._counts = {"connected": 0, "events_published_total": 0, "events_dropped_total": 0, "connections_total": 0}

    def tell(self, event: Event) -> None:
        if self._ours(event.node):
            if len(self._waiting) == self._waiting.maxlen:
                self._counts["events_dropped_total"] += 1
            self._waiting.append(event)
        if self._live is not None:
            self._live.tell(event)

    def figures(self) -> dict[str, int]:
        """A health source for Prometheus."""
        return self._counts | {"events_waiting": len(self._waiting)}

    async def check(self) -> str:
        """A check for `metrics.health.Health`."""
        if not self._counts["connected"]:
            raise ConnectionError(f"no connection to {self._broker.host}:{self._broker.port}")
        return f"connected to {self._broker.host}:{self._broker.port}"

    async def run(self) -> None:
        """Connects again and again, the pauses growing to 30 s. Cancelled, it says that the node is offline."""
        delay_s = FIRST_DELAY_S
        while True:
            before = self._counts["connections_total"]
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError) as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError from error  # the farewell failed, but it was one
                log.warning("mqtt broker is away", host=self._broker.host, port=self._broker.port, error=str(error))
            finally:
                self._counts["connected"] = 0
            if self._counts["connections_total"] > before:
                delay_s = FIRST_DELAY_S
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    def _client(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_context=broker.context(),
            will=aiomqtt.Will(self._node_topic, _json({"state": "offline", "cause": "lost"}), qos=1, retain=True),
            keepalive=15,
            timeout=self._timeout_s,
        )

    async def _session(self) -> None:
        """One connection, to its end. Raises MqttError."""
        async with self._client() as client:
            client.pending_calls_threshold = TOGETHER  # it warns of each publish beyond
            self._counts["connected"] = 1
            self._counts["connections_total"] += 1
            self._published.clear()
            if self._live is not None:
                self._live.again()
            watch = asyncio.create_task(self._watch(client), name="mqtt watch")
            try:
                await self._publish(client, watch)
            except asyncio.CancelledError:
                await self._say_goodbye(client)
                raise
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        farewell = _json({"state": "offline", "cause": "stopped"})
        with contextlib.suppress(aiomqtt.MqttError):
            await client.publish(self._node_topic, farewell, qos=1, retain=True, timeout=1)

    async def _watch(self, client: aiomqtt.Client) -> None:
        """Nothing is subscribed to; the iteration only raises when the connection is lost."""
        async for _ in client.messages:
            pass

    async def _publish(self, client: aiomqtt.Client, watch: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        await client.publish(self._node_topic, _json(self._online), qos=1, retain=True)
        state_at = loop.time()
        while not watch.done():
            if loop.time() >= state_at:
                state_at = loop.time() + STATE_EVERY_S
                await self._publish_states(client)
            if self._live is not None:
                for topic, payload in self._live.take(self._most_per_tick):
                    await client.publish(f"{self._root}/{topic}", payload, qos=1, retain=True)
            most = self._most_per_tick
            while self._waiting and most > 0:
                most -= await self._publish_events(client, min(most, TOGETHER))
            await asyncio.sleep(TICK_S)
        await watch

    async def _publish_events(self, client: aiomqtt.Client, most: int) -> int:
        """Publishes some events at once, which costs a third of one after the other. Raises MqttError."""
        events = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        publishing = (client.publish(self._event_topic(e), _json(masked(e)), timeout=math.inf) for e in events)
        try:
            async with asyncio.timeout(self._timeout_s):
                done = await asyncio.gather(*publishing, return_exceptions=True)
        except TimeoutError:
            self._counts["events_dropped_total"] += len(events)
            raise
        failed = [outcome for outcome in done if outcome is not None]
        self._counts["events_published_total"] += len(events) - len(failed)
        self._counts["events_dropped_total"] += len(failed)
        if failed:
            raise failed[0]
        return len(events)

    def _event_topic(self, event: Event) -> str:
        return f"{self._root}/event/{event.kind}"

    async def _publish_states(self, client: aiomqtt.Client) -> None:
        for topic, payload in self._states.now().items():
            if self._published.get(topic) != payload:
                await client.publish(topic, payload, qos=1, retain=True)
                self._published[topic] = payload


class States:
    """What is retained beside agents and nodes, by topic."""

    def __init__(
        self,
        root: str,
        board: Callable[[], Board],
        sites: Callable[[], Mapping[tuple[str, str], int]],
        further: Callable[[], Mapping[str, Mapping[str, Scalar | None]]],
    ) -> None:
        self._root = root
        self._board = board
        self._sites = sites
        self._further = further

    def now(self) -> dict[str, str]:
        """Payloads by topic."""
        board = self._board()
        states = {f"{self._root}/agents": _json({**board.agents})}
        for row in board.queues:
            tally = row.tally
            states[f"{self._root}/queue/{topic_level(row.queue)}"] = _json(
                {
                    "queue": row.queue,
                    "waiting": row.waiting,
                    "oldest_ms": row.oldest_ms,
                    "offered": tally.offered,
                    "answered": tally.answered,
                    "lost": tally.lost,
                    "flowed_out": tally.flowed_out,
                    "svargrad": svargrad(tally),
                    "servicegrad_45": servicegrad_45(tally),
                }
            )
        for site, counts in self._by_site().items():
            states[f"{self._root}/site/{topic_level(site)}"] = _json({"site": site, **counts})
        for topic, values in self._further().items():
            states["/".join((self._root, *map(topic_level, topic.split("/"))))] = _json(values)
        return states

    def _by_site(self) -> dict[str, dict[str, int]]:
        """How many agents are in each state at each site."""
        sites: dict[str, dict[str, int]] = {}
        for (site, state), count in self._sites().items():
            if site and (site in sites or len(sites) < MOST_SITES):
                sites.setdefault(site, dict.fromkeys(STATES, 0))[state] = count
        return sites


def masked(event: Event) -> dict[str, Scalar]:
    """The event's kind and fields; personal data that is there shows as `***`."""
    values: dict[str, Scalar] = {"kind": event.kind, "v": event.version}
    for name in FIELD_TYPES[event.kind]:
        value = getattr(event, name)
        personal = name.startswith("pii_") or name == "pseudonym"
        values[name] = MASK if personal and value != "" else value
    return values


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _json(values: Mapping[str, Scalar | None]) -> str:
    return _ENCODER.encode(dict(values))
