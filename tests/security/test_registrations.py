"""What an agent who is up to something may do to the others' registrations, and a stranger to any: nothing."""

from itertools import count

import pytest

from sip.config import Address
from sip.events import Registered
from sip.message.auth import authorize
from tests.security.strangers import STRANGER, challenge, server
from tests.sip.network import Peer
from tests.sip.raw import answers, ask, raw, statuses

ANNAS = Address("203.0.113.1", 40001, "TCP")
BJORNS = Address("203.0.113.2", 40002, "TCP")
INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'
ANNA, BJORN = "sip:anna@nav.example", "sip:bjorn@nav.example"
_numbers = count(1)


def register(
    peer: Peer, user: str, contact: str, source: Address, *more: str, to: str = "", from_: str = "", proof: bool = True
) -> list[int]:
    """The statuses of a REGISTER with the password of `user`, for `to`."""
    number = next(_numbers)
    aor = to or f"sip:{user}@nav.example"

    def sent(mark: int, *lines: str) -> bytes:
        return raw(
            "REGISTER", f"Contact: {contact}", *more, *lines, uri="sip:nav.example", to=f"<{aor}>",
            from_=f"<{from_ or aor}>;tag=t", call_id=f"c{number}", cseq=str(mark),
            via=f"SIP/2.0/{source.transport} {source.host}:5060;branch=z9hG4bK{number}x{mark};rport",
        )  # fmt: skip

    asked = ask(peer, sent(1), source)
    if not proof or statuses(asked) != [401]:
        return statuses(asked)
    password = {"anna": "right", "bjorn": "also right"}[user]
    answer = authorize(
        challenge(asked[0]), username=user, password=password, method="REGISTER", uri="sip:nav.example", cnonce="c"
    )
    return statuses(ask(peer, sent(2, f"Authorization: {answer}"), source))


def places(peer: Peer, aor: str) -> list[Address]:
    return [one.destination for one in peer.core.locations(aor, 1000.0)]


def test_another_agent_takes_no_phone_over_by_its_contact_or_its_instance() -> None:
    peer = server()
    phone = f"<sip:anna@203.0.113.1:40001;transport=tcp>;{INSTANCE}"
    assert register(peer, "anna", phone, ANNAS) == [200]
    assert register(peer, "bjorn", phone, BJORNS) == [200]
    assert register(peer, "bjorn", f"{phone};expires=0", BJORNS) == [200]
    assert register(peer, "bjorn", f"<sip:bjorn@203.0.113.1:40001>;reg-id=1;{INSTANCE}", BJORNS) == [200]
    assert places(peer, ANNA) == [ANNAS]
    assert places(peer, BJORN) == [BJORNS]


@pytest.mark.parametrize("proof", [True, False])
@pytest.mark.parametrize(
    "to",
    [ANNA, "sip:%61nna@nav.example", "sips:anna@nav.example", "sip:anna@NAV.example", "sip:anna:x@nav.example",
     "sip:anna@nav.example;user=phone", "sip:anna@192.0.2.1", "sip:anna@nav.example:5060"],
)  # fmt: skip
def test_nobody_registers_for_another_however_the_name_is_written(to: str, *, proof: bool) -> None:
    peer = server()
    assert register(peer, "anna", "<sip:anna@203.0.113.1>", ANNAS) == [200]
    for from_ in (to, BJORN):
        answer = register(peer, "bjorn", "<sip:evil@203.0.113.2>", BJORNS, to=to, from_=from_, proof=proof)
        assert answer in ([403], [404], [401], [416])
        gone = register(peer, "bjorn", "*", BJORNS, "Expires: 0", to=to, from_=from_, proof=proof)
        assert gone in ([403], [404], [401], [416])
    assert places(peer, ANNA) == [ANNAS]


@pytest.mark.parametrize("path", ["<sip:203.0.113.66;lr>", "<sip:203.0.113.66;lr>, <sip:192.0.2.1;lr>"])
def test_no_path_and_no_contact_of_an_agent_leads_anywhere_but_back(path: str) -> None:
    peer = server()
    answer = register(peer, "anna", "<sip:anna@203.0.113.66:666>", ANNAS, f"Path: {path}", "Supported: path")
    assert answer == [200]
    (binding,) = peer.core.locations(ANNA, 1000.0)
    assert (binding.destination, binding.path) == (ANNAS, ())


def test_answers_to_a_register_go_back_over_its_connection_whatever_its_via_says() -> None:
    peer = server()
    for via in ("203.0.113.66:666", "203.0.113.66;maddr=203.0.113.67", "203.0.113.66;received=203.0.113.67;rport=1"):
        data = raw("REGISTER", "Contact: <sip:anna@203.0.113.1>", uri="sip:nav.example", to=f"<{ANNA}>",
                   via=f"SIP/2.0/TCP {via};branch=z9hG4bK{len(via)}")  # fmt: skip
        peer.core.receive(data, ANNAS, 1000.0)
        assert [destination for _, destination in peer.core.datagrams()] == [ANNAS]


def test_a_connection_that_is_gone_leaves_its_phone_to_nobody() -> None:
    """Whoever comes from the same port next is not rung, and may not speak for it."""
    peer = server()
    assert register(peer, "anna", "<sip:anna@203.0.113.1:40001>", ANNAS) == [200]
    peer.core.connection_lost(ANNAS, 1000.0)
    assert places(peer, ANNA) == []
    assert register(peer, "anna", "<sip:anna@203.0.113.1:40001>", ANNAS, proof=False) == [401]
    assert places(peer, ANNA) == []


def test_bindings_of_an_agent_are_few_and_too_many_at_once_change_nothing() -> None:
    peer = server()
    assert register(peer, "anna", "<sip:anna@203.0.113.1>", ANNAS) == [200]
    flood = ", ".join(f"<sip:anna@203.0.113.1:{port}>" for port in range(1024, 1124))
    assert register(peer, "anna", flood, ANNAS) == [403]
    for port in range(1024, 1054):
        register(peer, "anna", f"<sip:anna@203.0.113.1:{port}>", ANNAS)
    assert len(places(peer, ANNA)) == 10
    longest = f"<sip:{'a' * 1100}@203.0.113.1>"
    assert register(peer, "bjorn", longest, BJORNS) == [400]
    assert register(peer, "bjorn", "<sip:bjorn@203.0.113.2>", BJORNS) == [200]


def test_one_agent_cannot_fill_the_registrar_by_ever_other_hosts_of_ours() -> None:
    """Bound to every address, each is ours; what an agent registers at them is one address of record or few."""
    peer = server()
    peer.core.listens(Address("192.0.2.1", 5060), everywhere=True)
    taken = 0
    for number in range(300):
        aor = f"sip:anna@10.0.{number // 250}.{1 + number % 250}"
        taken += register(peer, "anna", "<sip:anna@203.0.113.1>", ANNAS, to=aor) == [200]
    known = {event.aor for event in peer.core.events() if isinstance(event, Registered)}
    assert taken == len(known) == 8
    assert register(peer, "bjorn", "<sip:bjorn@203.0.113.2>", BJORNS) == [200]


def test_strangers_leave_nothing_in_the_registrar() -> None:
    peer = server()
    for number in range(500):
        register(peer, f"user{number}", f"<sip:x@203.0.113.9:{number}>", STRANGER, proof=False)
    assert not answers(peer)
    assert not peer.core.events()
    assert peer.core.stats["deadlines"] == 0
