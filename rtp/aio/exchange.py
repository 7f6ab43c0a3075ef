"""Connects legs as `rtp.talks` has it: two who hear each other by a relay, any others by a mix."""

from collections.abc import Iterable, Mapping

from rtp.aio.bridge import BridgeWay, join
from rtp.aio.leg import Leg
from rtp.aio.mixing import MOST_SEATS, Mix, MixWay
from rtp.aio.ticker import Ticker
from rtp.engine import LegId, MediaError, Supervision
from rtp.talks import Circle, Talks


class Exchange:
    """`legs` are those that are open, kept by the engine."""

    __slots__ = ("_legs", "_mixes", "_talks", "_ticker")

    def __init__(self, legs: Mapping[LegId, Leg], ticker: Ticker) -> None:
        self._legs = legs
        self._ticker = ticker
        self._talks = Talks()
        self._mixes: list[Mix] = []

    def bring_together(self, legs: tuple[LegId, ...], now: float) -> None:
        """They talk with each other only, and what they play ends. Raises MediaError."""
        try:
            circles = self._talks.bring_together(legs)
        except ValueError as error:
            raise MediaError(str(error), 400) from error
        if circles:
            for leg in legs:
                self._legs[leg].stop(now)
        self._connect_all(circles)

    def supervise(self, leg: LegId, target: LegId, mode: Supervision, now: float) -> None:
        """Raises MediaError."""
        try:
            circles = self._talks.supervise(leg, target, mode)
        except ValueError as error:
            raise MediaError(str(error), 400) from error
        self._legs[leg].stop(now)
        self._connect_all(circles)

    def part(self, leg: LegId) -> None:
        """It talks with nobody and supervises nobody."""
        self._connect_all(self._talks.part(leg))

    def forget(self, leg: Leg) -> None:
        """It is closed."""
        self._connect_all(self._talks.forget(leg.id))
        _lead(leg, None)

    def _connect_all(self, circles: Iterable[Circle]) -> None:
        for circle in circles:
            self._connect(circle)

    def _connect(self, circle: Circle) -> None:
        legs = [self._legs[leg] for leg in circle]
        if len(legs) == 1:
            _lead(legs[0], None)
        elif len(legs) == 2 and all(circle.values()):
            _bridge(*legs)
        else:
            self._mix(legs, circle)

    def _mix(self, legs: list[Leg], circle: Circle) -> None:
        mix = self._mix_for(legs)
        ways: dict[LegId, MixWay] = {}
        for leg in legs:
            way = leg.voice.way
            if not isinstance(way, MixWay) or way.mix is not mix:
                _lead(leg, None)
                way = mix.enter(leg)
            ways[leg.id] = way
        for leg_id, heard in circle.items():
            ways[leg_id].hear(tuple([ways[other] for other in heard]))

    def _mix_for(self, legs: list[Leg]) -> Mix:
        """Where one of them sits already, else the first with room, so that one tick does the work of many."""
        for leg in legs:
            if isinstance(leg.voice.way, MixWay):
                return leg.voice.way.mix
        for mix in self._mixes:
            if len(mix.seats) + len(legs) <= MOST_SEATS:
                return mix
        self._mixes.append(Mix(self._ticker))
        return self._mixes[-1]


def _lead(leg: Leg, way: BridgeWay | None) -> None:
    """Another way than before."""
    if leg.voice.way is not None:
        leg.voice.way.leave()
    leg.lead(way)
    leg.change_far()


def _bridge(a: Leg, b: Leg) -> None:
    way = a.voice.way
    if isinstance(way, BridgeWay) and way.peer is b:
        return
    _lead(a, None)
    _lead(b, None)
    join(a, b)
