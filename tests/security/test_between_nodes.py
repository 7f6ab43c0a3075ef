"""The trunk between nodes, tried by whoever knows its secret, has overheard a proof, or only writes its headers."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from acd.connection import command_client
from acd.nodes import Nodes as Registry
from sip.events import InviteReceived
from sip.message.message import Response, parse
from sip.message.uri import SipUri
from sip.nodes import Nodes
from tests.ivr.sip_lab import Handset
from tests.security.test_toll_fraud import Sender
from tests.svar.system.phones import Phones, answers, phones_at
from tests.svar.system.sites import Country, country

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
[[agent]]
name = "bjorn"
skills = { work = 5 }
[[destination]]
name = "hospital"
uri = "sip:hospital@127.0.0.9:5099"
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
"""
NODE, TRUNK_HOST, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.5"
FORGED = ("X-Svar-Contact", "X-Svar-Journey", "X-Svar-Queue", "X-Svar-Waited-Ms", "X-Svar-Total-Waited-Ms",
          "X-Svar-Reason", "X-Svar-Context", "X-Svar-Service")  # fmt: skip
REFUSED, NOBODY_THERE = 403, 480


class Insider:
    """Knows the secret, and sends what it likes from any address."""

    def __init__(self, made: Country, secret: bytes) -> None:
        self.ports = {"n1": made.nodes[0].sip_port, "n2": made.nodes[1].sip_port}
        self._secret = secret

    def proof(self, by: str = "n1", to: str = "n2", user: str = "anna", call_id: str = "", at_s: float = 0.0) -> str:
        return Nodes(by, self._secret).prove(to, user, call_id, b"", time.time() + at_s)[1]

    async def ask(
        self, call_id: str, *lines: str, to: str = "n2", user: str = "anna", host: str = NODE, method: str = "INVITE"
    ) -> int:
        """The final status; 0 where nothing comes."""
        return await asyncio.to_thread(self._ask, call_id, lines, self.ports[to], user, host, method)

    @staticmethod
    def _ask(call_id: str, lines: tuple[str, ...], port: int, user: str, host: str, method: str) -> int:
        mark = secrets.token_hex(6)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((host, 0))
            sock.settimeout(3)
            own = sock.getsockname()[1]
            sent = [
                f"{method} sip:{user}@127.0.0.1:{port} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{mark};rport",
                f"From: <sip:x@127.0.0.1>;tag={mark}", f"To: <sip:{user}@127.0.0.1>", f"Call-ID: {call_id}",
                f"CSeq: 1 {method}", f"Contact: <sip:x@{host}:{own}>", "Max-Forwards: 70", *lines, "Content-Length: 0",
            ]  # fmt: skip
            sock.sendto("\r\n".join([*sent, "", ""]).encode(), ("127.0.0.1", port))
            with suppress(TimeoutError):
                while True:
                    answer = parse(sock.recv(65536))
                    if isinstance(answer, Response) and answer.status >= 200:
                        return answer.status
        return 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Country]:
    async with country(tmp_path_factory.mktemp("country"), PARTS, ["anna", "bjorn"], trunks=TRUNK) as made:
        yield made


async def insider(made: Country) -> Insider:
    client = command_client(made.redis.url)
    secret = await Registry(client, "t").secret()
    await client.aclose()
    return Insider(made, secret)


def line(proof: str) -> str:
    return f"X-Svar-Node: {proof}"


async def started(made: Country) -> float:
    return sum([await one.total("svar_contacts_started_total") for one in made.nodes])


async def test_a_proof_is_good_for_one_call_at_one_node_from_one_node_and_for_phones_alone(made: Country) -> None:
    """480 is what a genuine call of a node gets whose agent has no phone there."""
    who, before = await insider(made), await started(made)
    good = who.proof(call_id="good")
    assert await who.ask("good", line(good)) == NOBODY_THERE
    wrong = {
        "used again": await who.ask("good", line(good)),
        "at the other node": await who.ask("a", line(who.proof(to="n2", call_id="a")), to="n1"),
        "for another call": await who.ask("b", line(who.proof(call_id="c"))),
        "for another agent": await who.ask("d", line(who.proof(user="bjorn", call_id="d"))),
        "of nobody": await who.ask("e", line(who.proof(by="n9", call_id="e"))),
        "of itself": await who.ask("f", line(who.proof(by="n2", call_id="f"))),
        "in another name": await who.ask("g", line(who.proof(by="n3", call_id="g").replace("n3;", "n1;"))),
        "too late": await who.ask("h", line(who.proof(call_id="h", at_s=-31))),
        "too early": await who.ask("i", line(who.proof(call_id="i", at_s=33))),
        "twice in one": await who.ask("j", line(who.proof(call_id="j")), line(who.proof(call_id="j"))),
        "cut short": await who.ask("k", line(who.proof(call_id="k")[:-1])),
        "empty": await who.ask("l", "X-Svar-Node:"),
        "huge": await who.ask("m", line("n1;at=" + "9" * 4000 + ";proof=" + "a" * 4000)),
        "other digits": await who.ask("n", line("n1;at=١٢٣;proof=" + "٠" * 64)),
        "of a stranger": await who.ask("o", line(who.proof(call_id="o")), host=STRANGER),
        "of a trunk": await who.ask("p", line(who.proof(call_id="p")), host=TRUNK_HOST),
    }
    assert set(wrong.values()) == {REFUSED}, wrong
    for number, user in enumerate(("5000", "*21", "work", "hospital", "0047900000", "anna%40evil.example")):
        call_id = f"way{number}"
        assert await who.ask(call_id, line(who.proof(user=user, call_id=call_id)), user=user) == NOBODY_THERE, user
    assert await started(made) == before


async def test_a_proof_opens_nothing_but_invite(made: Country) -> None:
    who = await insider(made)
    for method in ("REGISTER", "OPTIONS", "REFER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "BYE", "INFO", "PUBLISH"):
        plain = await who.ask(f"{method}1", method=method)
        proven = await who.ask(f"{method}2", line(who.proof(call_id=f"{method}2")), method=method)
        assert plain == proven, method
        assert proven != 200 or method == "OPTIONS", method
    replaces = "Replaces: a;to-tag=b;from-tag=c"
    assert await who.ask("r", line(who.proof(call_id="r")), replaces) in (481, REFUSED)


async def test_a_call_of_a_node_is_not_sent_back_or_on_to_a_third(made: Country) -> None:
    """anna's phone is at n1, and n2 knows that: it does not ask n1 for whom n1 asks it."""
    who = await insider(made)
    async with phones_at(made.nodes[0]) as phones:
        await phones.register("anna", answers)
        await asyncio.sleep(1)
        assert await who.ask("x", line(who.proof(call_id="x"))) == NOBODY_THERE
        assert phones.rung == []
        await phones.leave()


class Noting(Phones):
    """Phones that keep what rang them."""

    invites: list[InviteReceived]

    def _rings(self, invite: InviteReceived) -> None:
        self.invites = [*getattr(self, "invites", []), invite]
        super()._rings(invite)


async def test_what_a_caller_writes_into_headers_of_ours_reaches_no_phone(made: Country) -> None:
    """Through a trunk, to a phone at the caller's node or at another."""
    here, there = made.nodes
    for at in (here, there):
        phones = Noting(at)
        await phones.start()
        async with phones_at(here, TRUNK_HOST) as callers:
            await phones.register("anna", answers)
            caller: Handset = callers._handset()
            lines = tuple((name, "forged") for name in FORGED)
            uri = callers.server
            caller.dial(_service(uri.host, uri.port), uri, caller.rtp.sdp(), headers=lines)
            await phones.rings()
            for invite in phones.invites:
                ours = {name: value for name, value in invite.request.headers.items() if name.startswith("X-Svar")}
                assert "X-Svar-Contact" in ours
                assert "forged" not in str(ours)
                assert "X-Svar-Node" not in ours
            caller.hang_up()
            await here.quiet()
            phones.unregister("anna")
        await asyncio.sleep(0.5)
        await phones.close()


def _service(host: str, port: int) -> SipUri:
    return SipUri("5000", host, port)


async def test_headers_of_ours_make_nobody_more_than_they_are(made: Country) -> None:
    """A stranger stays one, and so does who claims to be a node."""
    sender, before = Sender(STRANGER, made.nodes[0].sip_port), await started(made)
    for name in FORGED:
        answer = await asyncio.to_thread(sender.ask, "INVITE", "5000", f"{name}: n1")
        assert answer is not None
        assert answer.status == 401, name
    sender.close()
    assert await started(made) == before
