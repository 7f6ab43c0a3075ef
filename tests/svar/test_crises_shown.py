"""What is seen of the crises that are on."""

from zoneinfo import ZoneInfo

from acd.crises import CrisesInOneProcess
from events.catalogue import CrisisHeard
from events.sink import MemorySink
from ivr.language.crises import Crisis, CrisisOn
from ivr.language.prompting import Said
from ivr.over_sip.telephony import Identity
from svar.crises_in_service import CrisesInService
from svar.crises_shown import labelled, notices, notices_of, topics, topics_of

OSLO = ZoneInfo("Europe/Oslo")
FLOOD = CrisisOn("flood", 1_795_500_000_000, 1_795_514_400_000, "kari")
LATE = CrisisOn("late", 1_795_500_000_000, 1_795_510_000_000, "ola")


def test_the_page_has_a_line_for_each_crisis_and_tells_of_one_that_nobody_hears() -> None:
    known, unknown = notices([FLOOD, LATE], {"flood": Crisis("flood", "Flom i nord", Said({}))}, OSLO)
    assert known == (
        "Krise: Flom i nord, siden 2026-11-24 07:00, til 2026-11-24 11:00 (kari)",
        "Crisis: Flom i nord, since 2026-11-24 07:00, until 2026-11-24 11:00 (kari)",
    )
    assert "late" in unknown[0]
    assert "høres ikke" in unknown[0]
    assert "not heard" in unknown[1]


def test_the_state_over_mqtt_is_that_of_the_last_one_or_none() -> None:
    on = topics([FLOOD, LATE])["crisis"]
    assert on == {"on": 2, "crisis": "flood", "since_ms": FLOOD.since_ms, "until_ms": FLOOD.until_ms}
    assert topics([])["crisis"]["on"] == 0


async def test_what_was_measured_is_shown_by_crisis() -> None:
    crises = CrisesInService(CrisesInOneProcess(MemorySink()), Identity("t", "n1", lambda: 0))
    heard = CrisisHeard(at_ms=1, tenant="t", node="n1", contact="c", crisis="flood", lasts_ms=1)
    crises.measures.routes()[CrisisHeard](heard)
    assert notices_of(crises, dict, OSLO)() == []
    assert topics_of(crises)() == topics([])
    read = {one.name: one.read() for one in labelled(crises)}
    assert read["crisis_heard_total"] == {("flood",): 1}
    assert read["crisis_hung_up_total"] == {("flood",): 0}
    assert read["crisis_deflected_total"]["flood", "ended"] == 0
    assert read["crisis_on"] == {}
