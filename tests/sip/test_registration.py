import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.config import Address, Expiries, Limits
from sip.deadlines import Deadlines
from sip.events import EVERY, Registered, RegistrarEvent, Unregistered
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.registration import Outcome, Registrar
from tests.sip.raw import PEER, raw, request

AOR = "sip:anna@nav.example"
NOW = 1000.0


class Desk:
    """A registrar with what it reports written down."""

    def __init__(self, **limits: int) -> None:
        self.deadlines = Deadlines()
        self.said: list[RegistrarEvent] = []
        self.registrar = Registrar(Expiries(), Limits(**limits), self.deadlines, self.said.append)
        self.cseq = 0

    def register(
        self,
        *headers: str,
        cseq: int | None = None,
        call_id: str = "r",
        to: str = AOR,
        source: Address = PEER,
        path: tuple[NameAddr, ...] = (),
    ) -> Outcome:
        self.cseq = self.cseq + 1 if cseq is None else cseq
        data = raw("REGISTER", *headers, to=f"<{to}>", call_id=call_id, cseq=str(self.cseq))
        return self.registrar.register(request(data), source, NOW, path)

    def contacts(self, now: float = NOW) -> list[str]:
        return [str(one.contact) for one in self.registrar.locations(AOR, now)]


def test_phone_is_found_where_its_register_came_from() -> None:
    desk = Desk()
    outcome = desk.register('Contact: <sip:anna@10.0.0.5:5062>;+sip.instance="<urn:uuid:1>"', "Expires: 300")
    assert outcome == Outcome(200, (("Contact", "<sip:anna@10.0.0.5:5062>;expires=300"),))
    assert desk.said == [Registered(AOR, "sip:anna@10.0.0.5:5062", PEER, 300)]
    (binding,) = desk.registrar.locations(SipUri("anna", "nav.example"), NOW)
    assert (binding.destination, binding.instance, binding.expires_at) == (PEER, "<urn:uuid:1>", NOW + 300)


def test_query_without_contact_lists_and_changes_nothing() -> None:
    desk = Desk()
    assert desk.register() == Outcome(200)
    desk.register("Contact: <sip:anna@10.0.0.5>;q=0.5")
    desk.said.clear()
    assert desk.register().headers == (("Contact", "<sip:anna@10.0.0.5>;expires=600;q=0.5"),)
    assert desk.said == []


def test_wanted_most_come_first() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>;q=0.2, <sip:b@10.0.0.2>;q=0.9", "Contact: <sip:c@10.0.0.3>;q=x")
    desk.register("Contact: <sip:d@10.0.0.4>;q=7;expires=700")
    assert desk.contacts() == ["sip:d@10.0.0.4", "sip:c@10.0.0.3", "sip:b@10.0.0.2", "sip:a@10.0.0.1"]


@pytest.mark.parametrize(
    ("contact", "header", "granted"),
    [
        (";expires=120", "300", 120),
        ("", "300", 300),
        ("", None, 600),
        (";expires=abc", "90", 90),
        (";expires=99999999", None, 7200),
        (";expires=99999999999999", "90", 90),
    ],
)
def test_life_is_the_contacts_wish_then_the_headers_then_ours(contact: str, header: str | None, granted: int) -> None:
    desk = Desk()
    desk.register(f"Contact: <sip:a@10.0.0.1>{contact}", *([f"Expires: {header}"] if header else []))
    assert desk.registrar.locations(AOR, NOW)[0].expires_at == NOW + granted


def test_life_too_short_is_refused_with_the_least() -> None:
    desk = Desk()
    assert desk.register("Contact: <sip:a@10.0.0.1>;expires=5") == Outcome(423, (("Min-Expires", "60"),))
    assert desk.contacts() == []


def test_zero_removes_one_phone_and_star_removes_all() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>, <sip:b@10.0.0.2>, <sip:c@10.0.0.3>")
    desk.said.clear()
    desk.register("Contact: <sip:a@10.0.0.1>;expires=0")
    assert desk.said == [Unregistered(AOR, "sip:a@10.0.0.1", "removed")]
    desk.register("Contact: <sip:unknown@10.0.0.9>;expires=0")
    assert len(desk.contacts()) == 2
    desk.said.clear()
    assert desk.register("Contact: *", "Expires: 0") == Outcome(200)
    gone = [event.contact for event in desk.said if isinstance(event, Unregistered)]
    assert gone == ["sip:b@10.0.0.2", "sip:c@10.0.0.3", EVERY]
    assert desk.contacts() == []
    assert len(desk.deadlines) == 0


def test_star_is_told_where_nothing_is_registered_here() -> None:
    desk = Desk()
    assert desk.register("Contact: *", "Expires: 0") == Outcome(200)
    assert desk.said == [Unregistered(AOR, EVERY, "removed")]


def test_what_was_ended_elsewhere_is_forgotten_at_every_host_and_nothing_else() -> None:
    desk = Desk()
    other = "sip:anna@10.0.0.1"
    for to in (AOR, other):
        desk.register("Contact: <sip:a@10.0.0.1>, <sip:b@10.0.0.2>", to=to)
    desk.register("Contact: <sip:a@10.0.0.1>", to="sip:bo@10.0.0.1")
    desk.said.clear()
    desk.registrar.forget("anna", ["sip:a@10.0.0.1", "sip:z@10.0.0.9"])
    assert desk.said == [Unregistered(aor, "sip:a@10.0.0.1", "removed") for aor in (AOR, other)]
    assert desk.contacts() == ["sip:b@10.0.0.2"]
    assert len(desk.registrar.locations("sip:bo@10.0.0.1", 0)) == 1
    desk.said.clear()
    desk.registrar.forget("anna", ["sip:a@10.0.0.1"])
    assert desk.said == []


def test_star_without_zero_is_a_bad_request() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>")
    assert desk.register("Contact: *", "Expires: 60").status == 400
    assert desk.register("Contact: *").status == 400
    assert desk.contacts() == ["sip:a@10.0.0.1"]


def test_late_register_does_not_undo_a_newer_one() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>", cseq=5)
    assert desk.register("Contact: <sip:a@10.0.0.1>;expires=0", cseq=4).status == 500
    assert desk.register("Contact: *", "Expires: 0", cseq=5).status == 500
    assert desk.contacts() == ["sip:a@10.0.0.1"]
    assert desk.register("Contact: <sip:a@10.0.0.1>;expires=0", cseq=1, call_id="restarted").status == 200
    assert desk.contacts() == []


def test_update_that_fails_in_part_changes_nothing() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>")
    desk.said.clear()
    outcome = desk.register("Contact: <sip:b@10.0.0.2>, <sip:a@10.0.0.1>;expires=0, <tel:+4755553333>")
    assert outcome.status == 400
    assert desk.contacts() == ["sip:a@10.0.0.1"]
    assert desk.said == []
    assert desk.register(f"Contact: <sip:{'x' * 1100}@10.0.0.2>").status == 400


def test_phone_that_restarted_replaces_itself_by_its_instance() -> None:
    desk = Desk()
    desk.register('Contact: <sip:a@10.0.0.1:40001>;+sip.instance="<urn:uuid:1>"', call_id="one")
    desk.register('Contact: <sip:a@10.0.0.1:40002>;+sip.instance="<urn:uuid:1>"', call_id="two")
    assert desk.contacts() == ["sip:a@10.0.0.1:40002"]
    assert desk.said[1:] == [
        Unregistered(AOR, "sip:a@10.0.0.1:40001", "replaced"),
        Registered(AOR, "sip:a@10.0.0.1:40002", PEER, 600),
    ]


def test_registration_that_runs_out_is_reported() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>;expires=60, <sip:b@10.0.0.2>;expires=90")
    desk.said.clear()
    assert desk.deadlines.next() == NOW + 60
    desk.deadlines.run(NOW + 60)
    assert desk.said == [Unregistered(AOR, "sip:a@10.0.0.1", "expired")]
    assert desk.contacts(NOW + 61) == ["sip:b@10.0.0.2"]
    desk.deadlines.run(NOW + 100)
    assert desk.contacts(NOW + 100) == []
    assert desk.deadlines.next() is None


def test_refresh_moves_the_end() -> None:
    desk = Desk()
    desk.register("Contact: <sip:a@10.0.0.1>;expires=60")
    desk.register("Contact: <sip:a@10.0.0.1>;expires=300")
    assert desk.deadlines.next() == NOW + 300
    assert len(desk.deadlines) == 1


def test_phones_of_one_address_are_bounded() -> None:
    desk = Desk(contacts_per_address=2)
    desk.register("Contact: <sip:a@10.0.0.1>, <sip:b@10.0.0.2>")
    assert desk.register("Contact: <sip:c@10.0.0.3>").status == 403
    assert len(desk.contacts()) == 2


def test_addresses_of_record_are_bounded() -> None:
    desk = Desk(addresses_of_record=1)
    desk.register("Contact: <sip:a@10.0.0.1>")
    outcome = desk.register("Contact: <sip:b@10.0.0.2>", to="sip:bo@nav.example")
    assert outcome == Outcome(503, (("Retry-After", "5"),))
    assert desk.register("Contact: <sip:c@10.0.0.1>").status == 200


def test_one_user_is_at_few_hosts_and_makes_room_by_leaving_one() -> None:
    desk = Desk()
    hosts = [f"sip:anna@10.0.0.{number}" for number in range(9)]
    statuses = [desk.register("Contact: <sip:a@10.0.0.1>", to=host).status for host in hosts]
    assert statuses == [200] * 8 + [403]
    assert desk.register("Contact: <sip:a@10.0.0.1>", to="sip:bo@10.0.0.9").status == 200
    assert desk.register("Contact: <sip:a@10.0.0.1>", to=hosts[0]).status == 200
    assert desk.register("Contact: *", "Expires: 0", to=hosts[0]).status == 200
    assert desk.register("Contact: <sip:a@10.0.0.1>", to=hosts[8]).status == 200


@pytest.mark.parametrize("to", ["sip:nav.example", "tel:+4755553333"])
def test_address_without_a_user_cannot_be_registered(to: str) -> None:
    assert Desk().register("Contact: <sip:a@10.0.0.1>", to=to) == Outcome(404)


def test_restart_knows_the_phones_by_what_is_left_of_their_time() -> None:
    desk = Desk()
    desk.register('Contact: <sip:a@10.0.0.1>;expires=60;q=0.3;+sip.instance="<urn:uuid:1>"')
    desk.register("Contact: <sip:b@10.0.0.2>;expires=90")
    saved = desk.registrar.save(NOW + 70)
    restarted = Desk()
    restarted.registrar.restore(saved, 5.0)
    restarted.registrar.restore(saved, 5.0)
    (binding,) = restarted.registrar.locations(AOR, 5.0)
    assert (str(binding.contact), binding.destination, binding.expires_at) == ("sip:b@10.0.0.2", PEER, 25.0)
    assert restarted.deadlines.next() == 25.0


FLOW = Address("10.0.0.7", 40000, "TCP")


def test_binding_over_a_connection_ends_with_it_and_is_not_saved() -> None:
    desk = Desk()
    desk.register("Contact: <sip:near@10.0.0.1>")
    desk.register("Contact: <sip:far@10.0.0.7>", source=FLOW)
    desk.said.clear()
    assert desk.registrar.reaches(FLOW)
    assert [one.contact for one in desk.registrar.save(NOW)] == ["sip:near@10.0.0.1"]
    desk.registrar.connection_lost(FLOW)
    assert desk.said == [Unregistered(AOR, "sip:far@10.0.0.7", "connection lost")]
    assert desk.contacts() == ["sip:near@10.0.0.1"]
    assert not desk.registrar.reaches(FLOW)
    desk.registrar.connection_lost(FLOW)
    desk.registrar.connection_lost(PEER)
    assert desk.contacts() == ["sip:near@10.0.0.1"]


def test_binding_that_moved_to_another_connection_outlives_the_first() -> None:
    desk = Desk()
    desk.register("Contact: <sip:far@10.0.0.7>", source=FLOW)
    desk.register("Contact: <sip:far@10.0.0.7>", source=FLOW._replace(port=40001))
    desk.registrar.connection_lost(FLOW)
    assert desk.contacts() == ["sip:far@10.0.0.7"]


@pytest.mark.parametrize(
    ("hop", "destination"),
    [
        ("<sip:192.0.2.9:5070;transport=tcp;lr>", Address("192.0.2.9", 5070, "TCP")),
        ("<sip:192.0.2.9;transport=tls;lr>", Address("192.0.2.9", 5061, "TLS")),
        ("<sip:192.0.2.9;lr>", Address("192.0.2.9", 5060)),
    ],
)
def test_binding_behind_a_proxy_outlives_the_connection_that_it_came_by(hop: str, destination: Address) -> None:
    desk = Desk()
    contact, path = SipUri("anna", "10.0.0.5"), tuple(NameAddr.parse_list(hop))
    desk.register(f"Contact: <{contact}>", source=FLOW, path=path)
    desk.said.clear()
    desk.registrar.connection_lost(FLOW)
    (binding,) = desk.registrar.locations(AOR, NOW)
    assert binding.destination == destination
    assert desk.registrar.path(contact, destination) == path
    assert desk.said == []


@pytest.mark.parametrize("hop", ["<sip:proxy.example;lr>", "<tel:+4755553333>"])
def test_binding_behind_a_proxy_without_an_address_ends_with_its_connection(hop: str) -> None:
    desk = Desk()
    desk.register("Contact: <sip:anna@10.0.0.5>", source=FLOW, path=tuple(NameAddr.parse_list(hop)))
    desk.registrar.connection_lost(FLOW)
    assert desk.contacts() == []
    assert desk.said[1:] == [Unregistered(AOR, "sip:anna@10.0.0.5", "connection lost")]


def test_path_is_kept_with_the_binding_and_goes_with_it() -> None:
    desk, contact = Desk(), SipUri("anna", "10.0.0.7")
    hops = tuple(NameAddr.parse_list("<sip:p1.example;lr>, <sip:p2.example;lr>"))
    desk.register(f"Contact: <{contact}>", path=hops)
    assert desk.registrar.path(contact, PEER) == hops
    assert desk.registrar.path(contact, FLOW) == ()
    restarted = Desk()
    restarted.registrar.restore(desk.registrar.save(NOW), NOW)
    assert restarted.registrar.path(contact, PEER) == hops
    desk.register(f"Contact: <{contact}>;expires=0")
    assert desk.registrar.path(contact, PEER) == ()


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from((0, 60, 90, 600)), st.sampled_from((0, 30, 61))))


@given(STEPS)
def test_bindings_are_those_of_the_last_word_on_each_contact(steps: list[tuple[str, int, int]]) -> None:
    deadlines, said = Deadlines(), list[RegistrarEvent]()
    registrar = Registrar(Expiries(), Limits(), deadlines, said.append)
    expected: dict[str, float] = {}
    now = 0.0
    for number, (name, expires_s, pause_s) in enumerate(steps, 1):
        now += pause_s
        deadlines.run(now)
        data = raw("REGISTER", f"Contact: <sip:{name}@10.0.0.1>;expires={expires_s}", to=f"<{AOR}>", cseq=str(number))
        assert registrar.register(request(data), PEER, now).status == 200
        expected[name] = now + expires_s
    living = {f"sip:{name}@10.0.0.1": at for name, at in expected.items() if at > now}
    assert {str(one.contact): one.expires_at for one in registrar.locations(AOR, now)} == living
    assert len(deadlines) == (1 if living else 0)
