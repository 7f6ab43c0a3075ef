from ipaddress import ip_network

from sip.config import Address, CoreConfig, Trunk
from sip.dialog import Dialog
from sip.events import Resolve
from sip.lookups import Lookups, Rests
from sip.message.message import Response, parse, respond
from sip.message.uri import SipUri
from sip.station import Station
from tests.sip.network import ALICE, counted
from tests.sip.raw import raw, request

ONE, TWO, THREE = (Address(f"192.0.2.1{n}", 5060) for n in (1, 2, 3))
NAMED = SipUri.parse("sip:1@carrier.example")


class Asking:
    def __init__(self) -> None:
        self.station = Station(CoreConfig(trunks=(Trunk("near", (ip_network("192.0.2.0/24"),)),)), counted("t"))
        self.station.listens(ALICE)
        self.lookups: Lookups = self.station.lookups
        self.told: list[tuple[Address, ...]] = []

    def ask(self, uri: SipUri = NAMED, trunk: str = "") -> None:
        self.lookups.ask(uri, lambda targets, now: self.told.append(targets), 1000.0, trunk=trunk)

    def events(self) -> list[Resolve]:
        return [event for event in self.station.happened if isinstance(event, Resolve)]


def answer(status: int, *headers: tuple[str, str]) -> Response:
    message = parse(bytes(respond(request(raw("OPTIONS")), status, headers=list(headers))))
    assert isinstance(message, Response)
    return message


def dialog(target: str) -> Dialog:
    asked = request(raw("INVITE", f"Contact: <{target}>", f"Record-Route: <{target};lr>"))
    return Dialog.of_uas(asked, "us", Address("192.0.2.9", 5060))


def test_name_is_asked_for_and_its_answer_told_once() -> None:
    asking = Asking()
    asking.ask(trunk="near")
    (event,) = asking.events()
    assert event.uri == NAMED
    for _ in range(2):
        asking.lookups.resolved(event.id, [ONE, TWO], 1001.0)
    assert asking.told == [(ONE, TWO)]
    assert asking.lookups.known[TWO] == ("carrier.example", "near")
    assert len(asking.station.deadlines) == 0


def test_address_is_told_at_once() -> None:
    asking = Asking()
    asking.ask(SipUri.parse("sip:1@192.0.2.11"))
    assert asking.told == [(ONE,)]
    assert asking.events() == []


def test_address_of_a_family_that_we_lack_is_none() -> None:
    asking = Asking()
    asking.ask(SipUri.parse("sip:1@[2001:db8::1]"))
    assert asking.told == [()]


def test_whoever_resolves_has_five_seconds() -> None:
    asking = Asking()
    asking.ask()
    asking.station.deadlines.run(1004.9)
    assert asking.told == []
    asking.station.deadlines.run(1005.0)
    assert asking.told == [()]


def test_names_that_wait_are_bounded() -> None:
    asking = Asking()
    for _ in range(513):
        asking.ask()
    assert len(asking.events()) == 512
    assert asking.told == [()]


def test_addresses_that_are_known_are_bounded() -> None:
    asking = Asking()
    asking.ask()
    (event,) = asking.events()
    asking.lookups.resolved(event.id, [Address("192.0.2.1", port) for port in range(1, 5000)], 1000.0)
    assert len(asking.lookups.known) == 4096
    assert Address("192.0.2.1", 4999) in asking.lookups.known


def test_dialog_follows_the_name_of_its_proxy() -> None:
    asking, one = Asking(), dialog("sip:proxy.example")
    asking.lookups.follow(one)
    (event,) = asking.events()
    asking.lookups.resolved(event.id, [], 1000.0)
    assert one.destination == Address("192.0.2.9", 5060)
    asking.lookups.follow(one)
    asking.lookups.resolved(asking.events()[1].id, [TWO, ONE], 1000.0)
    assert one.destination == TWO


def test_dialog_that_is_at_one_of_the_proxies_stays_there() -> None:
    asking, one = Asking(), dialog("sip:proxy.example")
    one.destination = ONE
    asking.lookups.follow(one)
    asking.lookups.resolved(asking.events()[0].id, [TWO, ONE], 1000.0)
    assert one.destination == ONE


def test_dialog_goes_to_a_proxy_that_lives_if_there_is_one() -> None:
    asking, one = Asking(), dialog("sip:proxy.example")
    asking.lookups.rests.dead(TWO, 1000.0)
    asking.lookups.follow(one)
    asking.lookups.resolved(asking.events()[0].id, [TWO, ONE], 1001.0)
    assert one.destination == ONE


def test_dialog_of_addresses_asks_nobody() -> None:
    asking = Asking()
    asking.lookups.follow(dialog("sip:192.0.2.1"))
    assert asking.events() == []


def test_dialogs_that_wait_are_bounded() -> None:
    asking, first = Asking(), dialog("sip:proxy.example")
    asking.lookups.follow(first)
    for _ in range(512):
        asking.lookups.follow(dialog("sip:proxy.example"))
    asking.lookups.resolved(asking.events()[0].id, [ONE], 1000.0)
    assert first.destination == Address("192.0.2.9", 5060)


def test_busy_target_is_left_alone_for_its_time() -> None:
    rests = Rests()
    rests.answered(ONE, answer(503, ("Retry-After", "10")), 1000.0)
    rests.answered(TWO, answer(503), 1000.0)
    rests.answered(THREE, answer(503, ("Retry-After", "99999")), 1000.0)
    assert rests.usable([ONE, TWO, THREE], 1009.9) == [TWO]
    assert rests.usable([ONE, TWO, THREE], 1010.0) == [ONE, TWO]
    assert rests.usable([ONE, TWO, THREE], 1060.0) == [ONE, TWO, THREE]


def test_dead_target_is_the_last_until_it_speaks_or_half_a_minute_has_passed() -> None:
    rests = Rests()
    rests.dead(ONE, 1000.0)
    assert rests.usable([ONE, TWO], 1029.0) == [TWO, ONE]
    assert rests.usable([ONE, TWO], 1030.0) == [ONE, TWO]
    rests.dead(ONE, 1030.0)
    rests.answered(ONE, answer(486), 1031.0)
    assert rests.usable([ONE, TWO], 1031.0) == [ONE, TWO]


def test_what_is_remembered_of_targets_is_bounded() -> None:
    rests = Rests()
    for port in range(1, 5000):
        rests.dead(Address("192.0.2.1", port), 1000.0)
    first = Address("192.0.2.1", 1)
    assert rests.usable([first, TWO], 1001.0) == [first, TWO]
