"""Commands over MQTT: `svar/<tenant>/agent/<agent>/do`, answered on `.../did`. Each carries its own token.

Old news is no command: what the broker kept (retained) is left out. At most `MOST_AT_ONCE` are under way; the next wait
in the client, and beyond its bound they are dropped and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aiomqtt
import structlog

from metrics.broker import FIRST_DELAY_S, LONGEST_DELAY_S, Broker, topic_level

log = structlog.get_logger(__name__)

MOST_BYTES = 4096
MOST_AT_ONCE = 20
MOST_WAITING = 200

Answer = Callable[[str, bytes], Awaitable[str]]
"""What comes of a command for an agent, as JSON; never raises."""


class MqttCommands:
    """`run` until cancelled. `shared`: several nodes listen, and each command goes to one of them ($share)."""

    def __init__(self, broker: Broker, answer: Answer, *, tenant: str, shared: bool, timeout_s: float = 5.0) -> None:
        self._broker = broker
        self._answer = answer
        self._root = f"svar/{topic_level(tenant)}/agent/"
        self._topic = f"$share/svar-{topic_level(tenant)}/{self._root}+/do" if shared else f"{self._root}+/do"
        self._timeout_s = timeout_s
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self._counts = {"commands_connected": 0, "commands_total": 0, "commands_dropped_total": 0}

    def figures(self) -> dict[str, int]:
        """A health source for Prometheus."""
        return dict(self._counts)

    async def run(self) -> None:
        """Connects again and again, the pauses growing to 30 s."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError) as error:
                if self._counts["commands_connected"]:
                    delay_s = FIRST_DELAY_S
                log.warning("mqtt broker is away for commands", host=self._broker.host, error=str(error))
            finally:
                self._counts["commands_connected"] = 0
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def _session(self) -> None:
        broker = self._broker
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_context=broker.context(),
            keepalive=15,
            timeout=self._timeout_s,
            max_queued_incoming_messages=MOST_WAITING,
        )
        answering: set[asyncio.Task[None]] = set()
        async with client:
            await client.subscribe(self._topic, qos=1)
            self._counts["commands_connected"] = 1
            try:
                async for message in client.messages:
                    await self._at_once.acquire()
                    task = asyncio.create_task(self._take(client, message))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
            finally:
                for task in answering:
                    task.cancel()
                await asyncio.gather(*answering, return_exceptions=True)

    async def _take(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        try:
            agent = str(message.topic).removeprefix(self._root).removesuffix("/do")
            payload = message.payload
            if message.retain or len(payload) > MOST_BYTES:
                self._counts["commands_dropped_total"] += 1
                return
            self._counts["commands_total"] += 1
            text = await self._answer(agent, payload)
            await client.publish(f"{self._root}{topic_level(agent)}/did", text, qos=1)
        except aiomqtt.MqttError as error:
            log.warning("the answer to a command could not be published", error=str(error))
        finally:
            self._at_once.release()
