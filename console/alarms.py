"""What somebody has to look at now: in words, the gravest first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.catalogue import Event, NodeLost, NodeStarted
from metrics.health import HealthReport
from metrics.lately import Minute

BAD, WARN, NOTE = "bad", "warn", "note"
_ORDER = (BAD, WARN, NOTE)
MOST = 20
FEW_ESTIMATES = 5
LOST_SHOWN_MS = 3_600_000

CHECKS = {
    "redis": ("Redis", "Redis"),
    "events": ("Hendelsene henger etter", "Events are behind"),
    "invariants": ("Noe som aldri skal skje, har skjedd", "Something that must never happen has happened"),
    "parts": ("En del av noden har stoppet", "A part of the node has stopped"),
    "loop": ("Noden er treg", "The node is slow"),
    "media": ("Lyd", "Media"),
    "mqtt": ("MQTT", "MQTT"),
    "flows": ("Flytene", "The flows"),
    "tls": ("Sertifikat", "Certificate"),
}
_REMARKS = ("trunks", "nodes")


@dataclass(frozen=True, slots=True)
class Alarm:
    """`level` is bad, warn or note; the text in both languages."""

    level: str
    nb: str
    en: str

    def text(self, language: str) -> str:
        return self.nb if language == "nb" else self.en


@dataclass(frozen=True, slots=True)
class Told:
    """What alarms are made of beside the board. `balances` is O - A - L - F - W by queue; of crises there are lines in
    Norwegian and English.
    """

    health: Callable[[], HealthReport | None]
    balances: Callable[[], Mapping[str, int]]
    crises: Callable[[], Sequence[tuple[str, str]]]
    trunks_down: Callable[[], Sequence[str]]
    sites_lost: Callable[[], Sequence[str]]
    titles: Callable[[], Mapping[str, str]]
    estimates: Callable[[], Mapping[str, Minute]]


class Lost:
    """Nodes that were lost and are not back. `tell` is a tap."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._nodes: dict[str, tuple[str, int]] = {}

    def tell(self, event: Event) -> None:
        if isinstance(event, NodeLost) and len(self._nodes) < MOST:
            self._nodes[event.lost] = (event.site, event.at_ms)
        elif isinstance(event, NodeStarted):
            self._nodes.pop(event.node, None)

    def now(self) -> dict[str, str]:
        """Sites by node."""
        now_ms = self._now_ms()
        return {node: site for node, (site, at_ms) in self._nodes.items() if now_ms - at_ms < LOST_SHOWN_MS}


def alarms(told: Told, lost: Lost, state: Mapping[str, object]) -> list[Alarm]:
    """All of them, MOST at most."""
    found = [*_places(told, lost), *_sums(told), *_queues(told, state), *_crises(told), *_health(told)]
    return sorted(found, key=lambda one: _ORDER.index(one.level))[:MOST]


def _places(told: Told, lost: Lost) -> Iterator[Alarm]:
    for site in told.sites_lost():
        yield Alarm(BAD, f"Stedet {site} er uten forbindelse", f"Site {site} is cut off")
    for node, site in lost.now().items():
        yield Alarm(BAD, f"Node {node} ({site}) er borte", f"Node {node} ({site}) is lost")
    for trunk in told.trunks_down():
        yield Alarm(BAD, f"Linjen {trunk} svarer ikke", f"Trunk {trunk} does not answer")


def _sums(told: Told) -> Iterator[Alarm]:
    for queue, off in told.balances().items():
        if off:
            yield Alarm(
                BAD, f"Tallene for {queue} går ikke opp ({off})", f"The figures of {queue} do not add up ({off})"
            )


def _queues(told: Told, state: Mapping[str, object]) -> Iterator[Alarm]:
    titles, estimates = told.titles(), told.estimates()
    for queue, title in titles.items():
        waiting = state.get(f"q|{queue}|waiting")
        if waiting and not state.get(f"q|{queue}|at_work"):
            yield Alarm(
                BAD, f"{title}: {waiting} venter, og ingen er på jobb", f"{title}: {waiting} waiting, nobody at work"
            )
        made = estimates.get(queue)
        if made is not None and made.estimated >= FEW_ESTIMATES and made.silent * 2 > made.estimated:
            yield Alarm(WARN, f"{title}: ventetiden kan ikke anslås nå", f"{title}: the wait cannot be estimated now")


def _crises(told: Told) -> Iterator[Alarm]:
    for norwegian, english in told.crises():
        yield Alarm(WARN, norwegian, english)


def _health(told: Told) -> Iterator[Alarm]:
    report = told.health()
    for name, outcome in (report.checks if report is not None else {}).items():
        if not outcome.ok and name not in _REMARKS:
            nb, en = CHECKS.get(name, (name, name))
            yield Alarm(WARN if outcome.ailing else BAD, f"{nb}: {outcome.detail}", f"{en}: {outcome.detail}")
