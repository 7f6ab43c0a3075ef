"""A node's MQTT: the broker of our own where none is configured, the feed, and commands where they are allowed."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from events.catalogue import Scalar
from ivr.over_sip.telephony import Identity
from metrics.health import Health
from metrics.prometheus import HealthSource
from metrics.wallboard import Board
from svar import __version__
from svar.api_in_service import ApiInService
from svar.config import Config
from svar.embedded.broker import EmbeddedBroker
from svar.nodes_in_service import NodesInService
from svar.parts import Parts
from svar.storage import Storage

OFF = "off"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is told over MQTT: the board, states by topic, and what is asked of agents there.

    `figures` gets what /metrics shows of it.
    """

    board: Callable[[], Board]
    further: Callable[[], Mapping[str, Mapping[str, Scalar | None]]]
    api: ApiInService
    nodes: NodesInService
    health: Health
    figures: dict[str, HealthSource] = field(default_factory=dict)


async def serve(
    config: Config, who: Identity, storage: Storage, shown: Shown, parts: Parts, stack: AsyncExitStack, *, now_ms: int
) -> str:
    """Start all of it; gives the broker's address, or nothing where it is off."""
    if config.mqtt.url == OFF:
        return ""
    from metrics.mqtt import (
        Broker,
        MqttFeed,  # a node without MQTT starts without its library
    )

    url, alone = config.mqtt.url, not config.mqtt.url
    if alone:
        embedded = await EmbeddedBroker.start(Path(config.node.state) / "mqtt")
        stack.push_async_callback(embedded.stop)
        parts.run(stack, "mqtt broker", embedded.keep())
        url = embedded.url
    broker = Broker.from_url(url, config.mqtt.ca)
    # A broker of our own hears this node alone; one that nodes share hears each event from one of them.
    feed = MqttFeed(
        broker, tenant=who.tenant, node=who.node, board=shown.board, further=shown.further, live=shown.api.live,
        sites=storage.folds.wallboard.by_site, ours=(lambda _: True) if alone else shown.nodes.speaks_for,
        about={"site": config.node.site, "release": __version__, "since_ms": now_ms},
    )  # fmt: skip
    storage.taps.append(feed.tell)
    shown.figures["mqtt"] = feed.figures
    if config.mqtt.commands:
        commands = shown.api.commands(broker, shared=not alone)
        parts.run(stack, "mqtt commands", commands.run())
    shown.health.add("mqtt", feed.check)
    parts.run(stack, "mqtt", feed.run())
    return url
