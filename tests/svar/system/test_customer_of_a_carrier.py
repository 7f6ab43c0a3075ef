"""A node that is a carrier's customer: found by the DNS, registered with a password, called and calling by it."""

import socket
from pathlib import Path

from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest
from sip.core import UserAgentCore
from sip.events import InviteReceived, Registered, SipEvent, Unregistered
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.sip.aio.name_server import NameServer, Zone
from tests.sip.network import counted
from tests.svar.system.installation import Installation, eventually, running

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
    otherwise: bye
  out: {type: transfer, to: partner, failed: bye}
  bye: {type: hangup, say: {nb: Ha det.}}
"""
TRUNK = """
[[trunk]]
name = "carrier"
networks = ["127.0.0.0/8"]
address = "sip:carrier.example"
trusted = true
ping_s = 1
[trunk.account]
user = "nav"
realm = "carrier"
register = true
number = "+4755553333"
asserts = true
password_env = "CARRIER_PASSWORD"
[[destination]]
name = "partner"
uri = "sip:+4790000002@carrier.example"
trunk = "carrier"
"""
PARTS = '[[agent]]\nname = "anna"\nskills = { work = 5 }\n[[queue]]\nname = "work"\n'


class Carrier:
    """A registrar that knows `nav`, and refuses every call by 486."""

    def __init__(self) -> None:
        digest = Digest("carrier", {"nav": "pa55"}.get, b"secret")
        config = CoreConfig(domains=frozenset(("carrier.example",)), digest=digest, strangers_may_call=True)
        self.agent = UserAgent(UserAgentCore(config, counted("c")), Address("127.0.0.1", 0))
        self.agent.on_register_change = self.changed
        self.agent.on_invite = self.rung
        self.registrations: list[Registered | Unregistered] = []
        self.calls: list[InviteReceived] = []
        self.heard: list[SipEvent] = []

    def changed(self, event: Registered | Unregistered) -> None:
        self.registrations.append(event)

    def rung(self, event: InviteReceived) -> None:
        self.calls.append(event)
        self.agent.reject(event.session, 486)

    def call(self, port: int, rtp: socket.socket) -> None:
        """Somebody dialled +4755553333, which is diverted to 5000; they don't want to be known."""
        host, rtp_port = rtp.getsockname()
        sdp = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {rtp_port} RTP/AVP 8\r\n"
        anonymous = NameAddr(SipUri("anonymous", "anonymous.invalid"))
        target = SipUri("5000", "127.0.0.1", port)
        said = [
            ("P-Asserted-Identity", "<tel:+4790000001>"),
            ("Privacy", "id"),
            ("Diversion", "<tel:+4755553333>;reason=unconditional"),
        ]
        self.agent.invite(
            target,
            self.heard.append,
            local=anonymous,
            remote=NameAddr(target),
            destination=Address("127.0.0.1", port),
            sdp=sdp,
            headers=said,
        )


async def test_node_is_found_registered_called_and_calls_by_its_carrier(tmp_path: Path) -> None:
    carrier = Carrier()
    await carrier.agent.start()
    zone = Zone(
        {
            ("_sip._udp.carrier.example", "SRV"): [f"1 1 {carrier.agent.address.port} edge.carrier.example."],
            ("edge.carrier.example", "A"): ["127.0.0.1"],
        }
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.1", 0))
        async with NameServer(zone) as server:
            installation = Installation(
                tmp_path,
                PARTS,
                flows={"test.yaml": FLOW},
                trunks=TRUNK,
                environment={"CARRIER_PASSWORD": "pa55"},
            )
            asks = f'[sip]\nnameservers = ["{server.address}"]\n'
            installation.config.write_text(installation.config.read_text().replace("[sip]\n", asks, 1))
            async with running(installation):
                await eventually(lambda: _up(installation), "registration and answer", 15.0)
                carrier.call(installation.sip_port, rtp)
                await eventually(lambda: bool(carrier.calls), "call by the trunk", 15.0)
                await installation.quiet()
                assert '"trunks"' in await installation.get("/health")
                (record,) = installation.records()
                assert (record["trunk"], record["pii_caller"]) == ("carrier", "")
    invite = carrier.calls[0].request
    assert str(invite.uri) == "sip:+4790000002@carrier.example"
    assert str(invite.from_.uri) == "sip:+4755553333@carrier.example"
    assert invite.headers.get("P-Asserted-Identity") == "<sip:+4755553333@carrier.example>"
    assert "+4790000001" not in str(invite)
    assert isinstance(carrier.registrations[0], Registered)
    assert isinstance(carrier.registrations[-1], Unregistered)
    log = installation.log()
    assert "pa55" not in log
    assert "4790000001" not in log
    await carrier.agent.close()


async def _up(installation: Installation) -> bool:
    seen = await installation.metrics()
    return all(seen.get(f'svar_trunk_{what}{{trunk="carrier"}}') == 1 for what in ("registered", "up"))
