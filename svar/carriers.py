"""How the trunks are that calls go out by: for /metrics, /health and the log."""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from metrics.counters import Labels
from metrics.prometheus import Labelled
from sip.config import Trunk
from sip.events import RegistrationEvent, TrunkEvent, TrunkPinged, TrunkRegistered, TrunkRegistrationFailed

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _State:
    """None: not wanted, or not known yet."""

    registered: bool | None = None
    answers: bool | None = None
    round_trip_us: int = 0
    refusal: str = ""

    def told(self) -> str:
        words = []
        if self.registered is not None:
            words.append("registered" if self.registered else f"not registered{self.refusal}")
        if self.answers is not None:
            words.append(f"answers in {self.round_trip_us / 1000:.0f} ms" if self.answers else "does not answer")
        return ", ".join(words)


class Carriers:
    """Hears what the core reports of trunks. A trunk that is down makes no node unwell: other nodes had none either."""

    def __init__(self, trunks: Iterable[Trunk]) -> None:
        outwards = [one for one in trunks if one.address is not None]
        self._states = {one.name: _State(False if one.outwards.register_s else None) for one in outwards}

    def heard(self, event: TrunkEvent | RegistrationEvent) -> None:
        match event:
            case TrunkRegistered():
                state = self._states[event.trunk]
                if not state.registered:
                    _log.info("registered at a trunk", trunk=event.trunk, expires_s=event.expires_s)
                state.registered, state.refusal = True, ""
            case TrunkRegistrationFailed():
                self._failed(event)
            case TrunkPinged():
                self._pinged(event)
            case _:
                pass

    def is_up(self, trunk: str) -> bool:
        """Whether calls may go out by it, as far as is known: one that nobody watches counts as up."""
        state = self._states.get(trunk)
        return state is None or (state.registered is not False and state.answers is not False)

    def labelled(self) -> list[Labelled]:
        """The measures of trunks, by trunk: 1 and 0 for yes and no; nothing of what is not wanted or not known yet."""
        states = self._states.items

        def registered() -> dict[Labels, float]:
            return {(name,): float(one.registered) for name, one in states() if one.registered is not None}

        def up() -> dict[Labels, float]:
            return {(name,): float(one.answers) for name, one in states() if one.answers is not None}

        def round_trip() -> dict[Labels, float]:
            return {(name,): one.round_trip_us / 1e6 for name, one in states() if one.answers}

        return [
            Labelled(
                "trunk_registered", "Linje registrert: 1: registered at the trunk, 0: not", ("trunk",), registered
            ),
            Labelled("trunk_up", "Linje svarer: 1: the trunk answers, 0: not (`ping_s`)", ("trunk",), up),
            Labelled("trunk_round_trip_seconds", "Rundtid: of the trunk's last answer", ("trunk",), round_trip),
        ]

    @property
    def cut_off(self) -> bool:
        """Whether trunks are watched, and none of them answers."""
        answers = [state.answers for state in self._states.values() if state.answers is not None]
        return bool(answers) and not any(answers)

    async def check(self) -> str:
        """A check for `metrics.health`, which tells how they are."""
        told = [f"{name}: {words}" for name, state in self._states.items() if (words := state.told())]
        return "; ".join(told) or "none that is watched"

    def _failed(self, event: TrunkRegistrationFailed) -> None:
        state = self._states[event.trunk]
        state.registered, state.refusal = False, f" ({event.status})"
        if event.retry_s is None:
            _log.error(
                "a trunk refuses our registration, which is not tried again before a restart",
                trunk=event.trunk,
                status=event.status,
                reason=event.reason,
                hint="look at the account's user, realm and password",
            )
        else:
            _log.warning(
                "a registration at a trunk failed",
                trunk=event.trunk,
                status=event.status,
                reason=event.reason,
                retry_s=round(event.retry_s, 1),
            )

    def _pinged(self, event: TrunkPinged) -> None:
        state = self._states[event.trunk]
        answers = event.round_trip_s is not None
        if answers != state.answers:
            told = _log.info if answers else _log.warning
            told("a trunk answers" if answers else "a trunk does not answer", trunk=event.trunk)
        state.answers = answers
        state.round_trip_us = round((event.round_trip_s or 0.0) * 1e6)
