import structlog

from sip.config import Outwards, Trunk
from sip.events import RegistrationActive, RegistrationId, TrunkPinged, TrunkRegistered, TrunkRegistrationFailed
from sip.message.uri import SipUri
from svar.carriers import Carriers

ADDRESS = SipUri.parse("sip:carrier.example")


def carriers() -> Carriers:
    return Carriers(
        [
            Trunk("tele-nor", (), address=ADDRESS, outwards=Outwards(register_s=600, ping_s=30.0)),
            Trunk("other", (), address=ADDRESS),
            Trunk("inwards", ()),
        ]
    )


def shown(here: Carriers) -> dict[tuple[str, ...], float]:
    return {(one.name, *labels): value for one in here.labelled() for labels, value in one.read().items()}


async def test_state_of_trunks_is_told() -> None:
    here = carriers()
    assert shown(here) == {("trunk_registered", "tele-nor"): 0}
    assert await here.check() == "tele-nor: not registered"
    here.heard(TrunkRegistered("tele-nor", 600))
    here.heard(TrunkPinged("tele-nor", 0.0123))
    here.heard(TrunkPinged("other", None))
    assert shown(here) == {
        ("trunk_registered", "tele-nor"): 1,
        ("trunk_up", "tele-nor"): 1,
        ("trunk_round_trip_seconds", "tele-nor"): 0.0123,
        ("trunk_up", "other"): 0,
    }
    assert await here.check() == "tele-nor: registered, answers in 12 ms; other: does not answer"


def test_a_node_is_cut_off_when_no_trunk_that_is_watched_answers() -> None:
    here = carriers()
    seen = [here.cut_off]
    here.heard(TrunkPinged("tele-nor", None))
    seen.append(here.cut_off)
    here.heard(TrunkPinged("other", 0.01))
    seen.append(here.cut_off)
    assert seen == [False, True, False]


async def test_nothing_is_told_of_trunks_that_only_call() -> None:
    here = Carriers([Trunk("inwards", ())])
    here.heard(RegistrationActive(RegistrationId("phone"), 60))
    assert shown(here) == {}
    assert await here.check() == "none that is watched"


async def test_refusal_is_logged_so_that_somebody_can_mend_it() -> None:
    here = carriers()
    with structlog.testing.capture_logs() as logs:
        here.heard(TrunkRegistrationFailed("tele-nor", 403, "Forbidden", None))
        here.heard(TrunkRegistrationFailed("tele-nor", 503, "Service Unavailable", 12.345))
    first, second = logs
    assert (first["log_level"], first["status"], "realm" in first["hint"]) == ("error", 403, True)
    assert (second["log_level"], second["retry_s"]) == ("warning", 12.3)
    assert await here.check() == "tele-nor: not registered (503)"


def test_only_changes_are_logged() -> None:
    here = carriers()
    with structlog.testing.capture_logs() as logs:
        for event in [TrunkRegistered("tele-nor", 600)] * 3:
            here.heard(event)
        for answer in (0.01, 0.02, None, None, 0.01):
            here.heard(TrunkPinged("other", answer))
    told = ["registered at a trunk", "a trunk answers", "a trunk does not answer", "a trunk answers"]
    assert [one["event"] for one in logs] == told


def test_a_trunk_is_up_unless_it_is_known_to_be_down() -> None:
    here = carriers()
    assert [here.is_up(name) for name in ("tele-nor", "other", "inwards", "none")] == [False, True, True, True]
    here.heard(TrunkRegistered("tele-nor", 600))
    here.heard(TrunkPinged("other", None))
    assert [here.is_up(name) for name in ("tele-nor", "other")] == [True, False]
