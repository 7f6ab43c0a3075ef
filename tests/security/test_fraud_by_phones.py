"""Toll fraud by who is known: a phone that redirects or transfers, a trunk that says who calls, odd numbers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from sip.message.message import Response, parse
from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.security.test_toll_fraud import REFERS, Sender
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, phones_at

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 0
[[agent]]
name = "anna"
skills = {{ work = 5 }}
[[destination]]
name = "partner"
uri = "sip:+4790000002@{outside}:{port}"
"""
TRUNKS = """
[[trunk]]
name = "believed"
networks = ["127.0.0.2/32"]
trusted = true
[[trunk]]
name = "doubted"
networks = ["127.0.0.3/32"]
"""
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: which
nodes:
  which:
    type: branch
    cases:
      - {when: diverted_from == "+4755553333", next: out}
    otherwise: wait
  out: {type: transfer, to: partner, failed: bye}
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
OUTSIDE = "127.6.0.9"


class Outside:
    """Where a call that leaves would arrive: on a port of its own and the usual one, over UDP and TCP."""

    def __init__(self) -> None:
        usual = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        usual.bind((OUTSIDE, 5060))
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((OUTSIDE, 0))
        self.port: int = other.getsockname()[1]
        self.sockets = [usual, other, socket.create_server((OUTSIDE, 5060)), socket.create_server((OUTSIDE, 5061))]
        for one in self.sockets:
            one.setblocking(False)  # noqa: FBT003 - the library's own way

    def heard(self) -> list[bytes]:
        found = []
        for one in self.sockets:
            try:
                found.append(one.recv(65536) if one.type == socket.SOCK_DGRAM else bytes(one.accept()[1][1]))
            except BlockingIOError:
                pass
        return found

    def close(self) -> None:
        for one in self.sockets:
            one.close()


@contextmanager
def outside() -> Iterator[Outside]:
    found = Outside()
    try:
        yield found
    finally:
        found.close()


@asynccontextmanager
async def served(folder: Path, there: Outside) -> AsyncIterator[Installation]:
    parts = PARTS.format(outside=OUTSIDE, port=there.port)
    async with running(Installation(folder, parts, trunks=TRUNKS, flows={"test.yaml": FLOW})) as node:
        yield node


def ring(phones: Phones, *headers: tuple[str, str], user: str = "4799999999") -> Handset:
    handset = phones._handset()
    target = SipUri("5000", phones.server.host, phones.server.port)
    handset.dial(target, phones.server, handset.rtp.sdp(), user=user, headers=headers)
    return handset


async def test_an_agents_phone_redirects_a_call_nowhere(tmp_path: Path) -> None:
    """Neither outside, nor to a trunk, nor to another port of its own."""
    with outside() as there:
        contacts = ", ".join((
            f"<sip:0047900@{OUTSIDE}>", f"<sip:0047900@{OUTSIDE}:{there.port}>;q=1", f"<sip:0@{OUTSIDE};transport=tcp>",
            "<tel:+88213000000>", f"<sips:0047900@{OUTSIDE}>", "<sip:0047900@127.0.0.2>",
        ))  # fmt: skip

        async def redirects(handset: Handset) -> None:
            agents.user_agent.reject(handset.session, 302, headers=[("Contact", contacts)])

        async with (
            served(tmp_path, there) as node,
            phones_at(node, "127.0.0.5") as agents,
            phones_at(node, "127.0.0.2", 5060) as operator,
        ):
            await agents.register("anna", redirects)
            caller = ring(operator)
            await agents.rings()
            caller.hang_up()
            await node.quiet()
            assert there.heard() == []
            assert operator.rung == []


async def test_an_agents_phone_in_a_call_refers_nobody_out(tmp_path: Path) -> None:
    async def answers(handset: Handset) -> None:
        handset.answer()

    with outside() as there:
        async with (
            served(tmp_path, there) as node,
            phones_at(node, "127.0.0.5") as agents,
            phones_at(node, "127.0.0.3") as operator,
        ):
            await agents.register("anna", answers)
            caller = ring(operator)
            agent = await agents.rings()
            dialog = agents.user_agent.core._sessions.by_id[agent.session].dialog
            assert dialog is not None
            sender = Sender("127.0.0.5", node.sip_port)
            for n, target in enumerate((*REFERS, f"<sip:0047900@{OUTSIDE}>", f"<sip:a@{OUTSIDE}>%0d%0aX: y")):
                for more in ((), (("Replaces", "a;to-tag=1;from-tag=2"),), (("Refer-Sub", "false"),)):
                    via = f"SIP/2.0/UDP 127.0.0.5:{sender.own_port};branch=z9hG4bKr{n}{len(more)}{more[:1]!r:.9};rport"
                    via = via.replace("(", "").replace("'", "").replace(")", "")
                    headers = [("Refer-To", target), ("Contact", "<sip:anna@127.0.0.5>"), *more]
                    sender.sock.sendto(bytes(dialog.request("REFER", via, headers=headers)), operator.server[:2])
                    answer = parse(await asyncio.to_thread(sender.sock.recv, 65536))
                    assert isinstance(answer, Response)
                    # Before anything of it is read, the agent has to prove that it is theirs.
                    assert answer.status == 401, (target, more)
            sender.close()
            assert not caller.ended
            caller.hang_up()
            await node.quiet()
            assert there.heard() == []
            assert len(agents.rung) == 1


SPOKEN_FOR = (
    ("P-Asserted-Identity", "<tel:+4755550000>"), ("Remote-Party-ID", "<sip:+4755550000@x>;party=calling"),
    ("P-Preferred-Identity", "<tel:+4755550000>"), ("Diversion", "<tel:+4755553333>;reason=unconditional"),
    ("History-Info", "<sip:+4755553333@x>;index=1, <sip:5000@x>;index=1.1"),
    ("Referred-By", "<sip:+4755553333@x>"), ("P-Called-Party-ID", "<sip:+4755553333@x>"),
)  # fmt: skip


async def test_only_a_trusted_trunk_is_believed_who_calls_and_whom_they_meant(tmp_path: Path) -> None:
    """The flow sends the diverted outside: a call leaves for the trusted one, and none for the other or an agent."""
    with outside() as there:
        async with served(tmp_path, there) as node:
            for host in ("127.0.0.3", "127.0.0.77"):
                async with phones_at(node, host) as phones:
                    for header in SPOKEN_FOR:
                        caller = ring(phones, header)
                        await asyncio.sleep(0.1)
                        caller.hang_up()
                    caller = ring(phones, *SPOKEN_FOR, user="+4755553333")
                    await asyncio.sleep(0.5)
                    caller.hang_up()
                    await until(caller.is_over, "end of the call")
            assert there.heard() == []
            await node.quiet()
            assert {record["trunk"] for record in node.records()} == {"doubted"}
            async with phones_at(node, "127.0.0.2") as phones:
                caller = ring(phones, *SPOKEN_FOR)
                await eventually(lambda: any(b"INVITE sip:+4790000002@" in one for one in there.heard()), "call out")
                caller.hang_up()
                await until(caller.is_over, "end of the call")


URIS = (
    "sip:0047900000@{own}", "sip:+88213000000@{own}", "sip:00881612345@{own}", "tel:+88213000000", "tel:0047900000",
    "tel:5000;phone-context=+882", "tel:7042;phone-context=example.com", "sip:+4790000000@{own};user=phone",
    "sip:0047900000;phone-context=+47@{own};user=phone", "sip:5000;npdi;rn=+88213000000@{own}",
    "sip:%2B88213000000@{own}", "sip:%30%3047900000@{own}", "sip:5000%40{outside}@{own}", "sip:5000%00@{own}",
    "sip:5000%0d%0aRoute:%20%3csip:{outside}%3e@{own}", "sip:partner@{own}", "sip:+4790000002@{own}",
    "sip:0047900@{outside}", "sip:5000@{outside}", "sip:5000@{own};maddr={outside}", "sip:{outside}",
    "sips:0047900@{own}", "sip:5000,0047900@{own}", "sip:*21*0047900%23@{own}", "sip:9,0047900@{own}",
    "sip:9p0047900@{own}",
    "sip:5000@{own};transport=tcp;maddr={outside}", "sip:x@{own}?Route=%3Csip:{outside}%3E&method=INVITE",
)  # fmt: skip


def ask(sender: Sender, uri: str, route: str, mark: str) -> int:
    """The status of the final answer to an INVITE for `uri`."""
    via = f"Via: SIP/2.0/UDP {sender.host}:{sender.own_port};branch=z9hG4bK{mark}"
    lines = [
        *(
            f"INVITE {uri} SIP/2.0",
            via,
            "From: <sip:a@a>;tag=1",
            f"To: <{uri.partition('?')[0]}>",
            *([route] * bool(route)),
        ),
        *(f"Call-ID: {mark}@{sender.host}", "CSeq: 1 INVITE", f"Contact: <sip:a@{sender.host}:{sender.own_port}>"),
        *("Max-Forwards: 9", "Content-Length: 0", "", ""),
    ]
    sender.sock.sendto("\r\n".join(lines).encode(), ("127.0.0.1", sender.port))
    status = 0
    while status < 200:
        status = int(sender.sock.recv(65536).split()[1])
    return status


def tried(host: str, port: int, outside_port: int) -> list[tuple[str, int]]:
    """The answers for each of URIS, each with a Route that leads outside and without one; strangers' hosts differ."""
    found = []
    own, there = f"127.0.0.1:{port}", f"{OUTSIDE}:{outside_port}"
    for n, uri in enumerate(URIS):
        uri = uri.format(own=own, outside=there if "@{outside}" in uri else OUTSIDE)
        for route in ("", f"Route: <sip:{own};lr>, <sip:{there};lr>"):
            sender = Sender(host or f"127.6.1.{n + 1}", port)
            found.append((uri, ask(sender, uri, route, f"u{n}{bool(route)}")))
            sender.close()
    return found


async def test_no_number_however_it_is_written_leads_out(tmp_path: Path) -> None:
    """As the trusted trunk and as a stranger. What is the number of a service in the end rings that service."""
    with outside() as there:
        async with served(tmp_path, there) as node:
            for host, refusals in (("127.0.0.2", {400, 404, 416, 483}), ("", {400, 401, 403, 404, 416, 483})):
                for uri, status in await asyncio.to_thread(tried, host, node.sip_port, there.port):
                    service = host and "5000" in uri and "900" not in uri
                    assert status in refusals or (service and status in (200, 480)), (host, uri, status)
            assert there.heard() == []
