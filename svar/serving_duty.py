"""Puts together what keeps duty in a node: rosters, reserves who are called in, and partners' hours."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from events.catalogue import Scalar
from ivr.language.prompting import Prompts, Said
from ivr.over_sip.agent_leg import SipPhones
from ivr.over_sip.line import Line
from ivr.over_sip.spoken_call import SpokenCalls
from ivr.over_sip.telephony import Identity
from metrics.pipeline import Folds
from metrics.prometheus import Labelled
from svar import reserve_calls, web
from svar.carriers import Carriers
from svar.config import Config
from svar.flows_in_service import FlowsInService
from svar.partners_in_service import PartnersInService, partners_of
from svar.parts import Parts
from svar.reserve_calls import ReserveCalls, Told
from svar.reserves import LOGGED_OUT, Reserves
from svar.rosters_in_service import RostersInService
from svar.storage import Storage

States = dict[str, dict[str, Scalar | None]]


def with_questions(said: Iterable[Said]) -> tuple[Said, ...]:
    """What agents are told, and what reserves are asked."""
    return (*said, *reserve_calls.SPOKEN)


@dataclass(frozen=True, slots=True)
class Asking:
    """By what reserves are asked."""

    line: Line
    phones: SipPhones
    prompts: Prompts
    tokens: Callable[[], str]

    def calls(self, services: Mapping[str, Told]) -> ReserveCalls:
        spoken = SpokenCalls(self.line, self.phones, self.tokens)
        return ReserveCalls(spoken, self.prompts, services, self.line.spawn)


class FoldedFacts:
    """Queues and agents as the events of all nodes have them: nobody has to be asked."""

    def __init__(self, folds: Folds, now_ms: Callable[[], int]) -> None:
        self._folds = folds
        self._now_ms = now_ms

    def queue(self, queue: str) -> tuple[int, int]:
        waiting = self._folds.service_level.waiting(queue)
        oldest_ms = min(waiting.values(), default=None)
        return len(waiting), 0 if oldest_ms is None else max(0, self._now_ms() - oldest_ms) // 1000

    def state(self, agent: str) -> str:
        known = self._folds.wallboard.agents.get(agent)
        return LOGGED_OUT if known is None else known.state


class Duty:
    """A node's. Its parts are made at once and run from `start` on."""

    def __init__(
        self,
        config: Config,
        identity: Identity,
        storage: Storage,
        flows: FlowsInService,
        carriers: Carriers,
        asking: Asking,
    ) -> None:
        """Raises ConfigError."""
        store, distributor, self._storage = storage.together.duty, storage.distributor, storage
        self._services = web.notices(config)
        self.rosters = RostersInService(store, distributor, lambda: flows.active.book.rosters, identity)
        facts = FoldedFacts(storage.folds, identity.now_ms)
        calls = asking.calls(self._services)
        self.reserves = Reserves(self.rosters, facts, calls, distributor, asking.line.spawn)
        trunks = {one.name: one.trunk for one in config.destination}
        self.partners = PartnersInService(
            lambda: partners_of(flows.active.book.routing.partners, flows.active.book.calendars, trunks),
            distributor, store, carriers.is_up, identity.now_ms,
        )  # fmt: skip

    async def start(self, parts: Parts, stack: AsyncExitStack) -> None:
        """From here on duty follows time, rosters, and what is done to it anywhere."""
        for client in self._services.values():
            stack.push_async_callback(client.close)
        self._storage.taps.append(self.reserves.heard)
        post = self._storage.distributor.post
        post.forgotten = _both(post.forgotten, self._forgotten)
        await self.rosters.start()
        parts.run(stack, "rosters", self.rosters.run())
        parts.run(stack, "reserves", self.reserves.run())
        parts.run(stack, "partners", self.partners.run())

    def _forgotten(self) -> None:
        self.rosters.forgotten()
        self.partners.forgotten()

    def topics_beside(self, others: Callable[[], States]) -> Callable[[], States]:
        """The states for MQTT, with those of others."""
        return lambda: others() | self.rosters.topics() | self.reserves.topics()

    def labelled(self) -> list[Labelled]:
        """The measures of duty; all nodes tell the same, but for partners."""
        on_duty, away, partners = self.rosters.figures, self.rosters.away_figures, self.partners.figures
        return [
            Labelled("duty_agents", "På vakt: agents on duty by the rosters, by queue", ("queue",), on_duty),
            Labelled("duty_away", "Fravær: agents who are away by command", (), away),
            Labelled("reserves", "Reserver: called and on duty, by rule", ("rule", "state"), self.reserves.figures),
            Labelled("partner_slots", "Partnere: slots that are logged in, by partner", ("partner",), partners),
        ]


def _both(first: Callable[[], None] | None, second: Callable[[], None]) -> Callable[[], None]:
    def do() -> None:
        if first is not None:
            first()
        second()

    return do
