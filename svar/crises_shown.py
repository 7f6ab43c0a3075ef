"""What is seen of the crises that are on: on the page, in /metrics, and over MQTT."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from events.catalogue import Scalar
from ivr.language.crises import Crisis, CrisisOn
from metrics.prometheus import Labelled
from svar.crises_in_service import CrisesInService


def when(at_ms: int, zone: ZoneInfo) -> str:
    """A moment as people write it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M}"


def notices(on: Sequence[CrisisOn], prepared: Mapping[str, Crisis], zone: ZoneInfo) -> list[tuple[str, str]]:
    """A line for each, in Norwegian and English."""
    return [_notice(one, prepared.get(one.crisis), zone) for one in on]


def notices_of(
    crises: CrisesInService, prepared: Callable[[], Mapping[str, Crisis]], zone: ZoneInfo
) -> Callable[[], list[tuple[str, str]]]:
    """The lines of a node's wallboard at any time."""
    return lambda: notices(crises.on_now(), prepared(), zone)


def _notice(on: CrisisOn, prepared: Crisis | None, zone: ZoneInfo) -> tuple[str, str]:
    title = prepared.title if prepared is not None else on.crisis
    since, until = when(on.since_ms, zone), when(on.until_ms, zone)
    norwegian = f"Krise: {title}, siden {since}, til {until} ({on.author})"
    english = f"Crisis: {title}, since {since}, until {until} ({on.author})"
    if prepared is None:
        norwegian += " – ukjent for flytene her, og høres ikke"
        english += " – unknown to the flows here, and not heard"
    return norwegian, english


def topics(on: Sequence[CrisisOn]) -> dict[str, dict[str, Scalar | None]]:
    """The retained state under `svar/<tenant>/crisis`: the one that was switched on last, and how many are on."""
    if not on:
        return {"crisis": {"on": 0, "crisis": None, "since_ms": None, "until_ms": None}}
    last = on[0]
    return {
        "crisis": {"on": len(on), "crisis": last.crisis, "since_ms": last.since_ms, "until_ms": last.until_ms},
    }


def topics_of(crises: CrisesInService) -> Callable[[], dict[str, dict[str, Scalar | None]]]:
    """The states of a node at any time."""
    return lambda: topics(crises.on_now())


def labelled(crises: CrisesInService) -> list[Labelled]:
    """The measures of crises, by name; contacts of all nodes, but for `crisis_on`."""
    figures = crises.measures

    def counted(name: str, what: str, text: str) -> Labelled:
        return Labelled(name, text, ("crisis",), lambda: figures.counts(what), shared=True)

    return [
        Labelled("crisis_on", "Krise: 1 for each crisis that is on", ("crisis",), crises.in_service, shared=True),
        counted("crisis_heard_total", "heard", "Hørte krisemeldingen: contacts that heard the message"),
        counted("crisis_hung_up_total", "hung_up", "La på: of them, those who hung up during it or 10 s after"),
        Labelled(
            "crisis_deflected_total",
            "Avledet i krise: contacts told something instead of waiting, by what came of it",
            ("crisis", "outcome"),
            figures.deflections,
            shared=True,
        ),
        counted("crisis_rang_again_total", "rang_again", "Ringte igjen: callers who rang again within 24 hours"),
        counted("crisis_callers_known", "known", "Kjente innringere: callers who would be seen to ring again"),
        counted("crisis_callers_forgotten_total", "forgotten", "Glemte innringere: of those, forgotten by a restart"),
    ]
