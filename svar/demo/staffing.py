"""The configuration that the demo serves: the given one on loopback, with agents of the demo's own."""

import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from svar.config import Agent, Config, Lookup, Queue, Redis, Sms, Trunk, WebHeaders
from svar.demo.traffic import Way

LOOPBACK = "127.0.0.1"
DAYS_AGENTS = 345
"""With so many agents the whole day's 15,000 calls would be met as these few meet their share (tried out)."""
NOWHERE = f"{LOOPBACK}:9"
LEVEL = 5
SHUTDOWN_S = 2
LONGEST_WRAP_UP_S = 30
_Web = TypeVar("_Web", Lookup, Sms)


@dataclass(frozen=True, slots=True)
class Scale:
    """`speed`: simulated seconds in a real one. `agents`: how many serve their share of the day's calls."""

    speed: float
    agents: int

    @property
    def share(self) -> float:
        """The part of the day's calls that is rung."""
        return self.agents / DAYS_AGENTS

    def real_s(self, simulated_s: float) -> float:
        return simulated_s / self.speed


def demo_agents(agents: int) -> list[str]:
    return [f"demo{n}" for n in range(1, agents + 1)]


def served(config: Config, state: str, scale: Scale) -> Config:
    """`config` for the demo: its flows and queues; loopback, a store and a folder of its own, and the demo's agents.

    Nothing outside is touched: no other Redis, no other broker, no trunk but loopback, no destination, no web service.
    """
    return replace(
        config,
        node=replace(config.node, state=state),
        sip=replace(config.sip, host=LOOPBACK, port=_port(config.sip.port, socket.SOCK_DGRAM)),
        http=replace(config.http, host=LOOPBACK, port=_port(config.http.port, socket.SOCK_STREAM)),
        media=replace(config.media, host=""),
        limits=replace(config.limits, shutdown_s=SHUTDOWN_S),
        redis=Redis(),
        mqtt=replace(config.mqtt, url="off" if config.mqtt.url == "off" else ""),
        flows=replace(config.flows, settings={**config.flows.settings, "demo": True}),
        trunk=[Trunk(name="loopback", networks=["127.0.0.0/8"])],
        destination=[replace(place, uri=f"sip:{place.name}@{NOWHERE}") for place in config.destination],
        lookup=[_nowhere(service) for service in config.lookup],
        sms=_nowhere(config.sms) if config.sms.url else config.sms,
        queue=[_scaled(queue, scale) for queue in config.queue],
        agent=[*config.agent, *_rows(config.queue, scale.agents)],
    )


def _nowhere(service: _Web) -> _Web:
    return replace(service, url=f"http://{NOWHERE}", networks=[f"{LOOPBACK}/32"], ca="", headers=WebHeaders())


def _port(wanted: int, kind: socket.SocketKind) -> int:
    """`wanted`, or any if somebody has it, such as another svar on this machine."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted


def _scaled(queue: Queue, scale: Scale) -> Queue:
    """Its limits in real seconds, of which the least is one: the page of the service counts by them."""
    return replace(
        queue,
        target_s=max(1, round(scale.real_s(queue.target_s))),
        short_s=max(1, round(scale.real_s(queue.short_s))),
        wrap_up_s=LONGEST_WRAP_UP_S,
    )


def _rows(queues: Sequence[Queue], agents: int) -> list[Agent]:
    """Three in four serve the bigger half of the queues (which stand first), one in four serves all."""
    front = min(agents - 1, round(agents * 0.75))
    some, every = _skills(queues[: (len(queues) + 1) // 2]), _skills(queues)
    rows = [Agent(name="demo{n}", site="oslo", skills=some, count=front)] if front else []
    return [*rows, Agent(name="demo{n}", site="bodo", skills=every, first=front + 1, count=agents - front)]


def _skills(queues: Sequence[Queue]) -> dict[str, int]:
    return {queue.skill or queue.name: max(queue.level, LEVEL) for queue in queues}


def usable(ways: Sequence[Way], numbers: Collection[str], config: Config) -> list[Way]:
    """The ways whose number is served and whose queue there is."""
    queues = {queue.name for queue in config.queue}
    return [way for way in ways if way.number in numbers and way.queue in queues]
