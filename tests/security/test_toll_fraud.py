"""Nothing that anybody sends makes a call leave to where no agent's phone and no configured destination is."""

import asyncio
import contextlib
import itertools
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sip.message.auth import Challenge, authorize
from sip.message.message import Response, parse
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import answers, phones_at

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 0
[[agent]]
name = "anna"
skills = { work = 5 }
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
"""
NUMBERS = (
    "0047900000", "00882123456", "+88213000000", "9005550100", "011441234", "*72900", "%2B4790000000", "1;isub=2",
    "5000;phone-context=+47", "5000%40127.0.0.9", "anna", "work", "operator", "sip:5000", "5000#00479", "",
)  # fmt: skip
VICTIM = "127.0.0.9"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    async with running(Installation(tmp_path, PARTS, trunks=TRUNK)) as installation:
        yield installation


@contextlib.contextmanager
def victim() -> Iterator[socket.socket]:
    """Where every variant points to: on the port that is meant where none is named."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((VICTIM, 5060))
        sock.setblocking(False)  # noqa: FBT003
        yield sock


def headers() -> list[str]:
    """Each a header that somewhere makes a call go where it names."""
    there = f"sip:00882123@{VICTIM}"
    named = ("Refer-To", "Referred-By", "Diversion", "History-Info", "P-Asserted-Identity", "Remote-Party-ID",
             "P-Preferred-Identity", "P-Called-Party-ID", "Reply-To", "Alert-Info", "Call-Info", "Record-Route", "Path",
             "Service-Route", "P-Asserted-Service", "Route", "X-Transfer-To")  # fmt: skip
    return [
        *(f"{name}: <{there}>" for name in named),
        "Replaces: 1@1;to-tag=1;from-tag=2",
        "Join: 1@1;to-tag=1;from-tag=2",
        "Target-Dialog: 1;local-tag=1;remote-tag=2",
    ]


class Sender:
    """Raw requests from one address, and the final answers to them."""

    def __init__(self, host: str, port: int) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.settimeout(2)
        self.host, self.own_port, self.port = host, self.sock.getsockname()[1], port

    def ask(self, method: str, number: str, *lines: str, host: str = "127.0.0.1", from_: str = "") -> Response | None:
        """The first final answer; None where nothing comes."""
        mark = secrets.token_hex(6)
        sent = [
            f"{method} sip:{number}{'@' if number else ''}{host}:{self.port} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.own_port};branch=z9hG4bK{mark};rport",
            f"From: {from_ or f'<sip:00882123@{VICTIM}>'};tag={mark}",
            f"To: <sip:0047900@{VICTIM}>",
            f"Call-ID: {mark}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:00882123@{VICTIM}>",
            "Max-Forwards: 70",
            *lines,
            "Content-Length: 0",
        ]
        self.sock.sendto("\r\n".join([*sent, "", ""]).encode(), ("127.0.0.1", self.port))
        with contextlib.suppress(TimeoutError):
            while True:
                answer = parse(self.sock.recv(65536))
                if isinstance(answer, Response) and answer.call_id == mark and answer.status >= 200:
                    return answer
        return None

    def close(self) -> None:
        self.sock.close()


def heard(sock: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(sock.recv(65536))
    return found


def as_a_stranger(port: int) -> list[int]:
    """Every number and every header, each from an address of its own, so that no limit hides an answer."""
    asked: list[tuple[str, str, tuple[str, ...]]] = [("INVITE", number, ()) for number in NUMBERS]
    asked += [(method, "5000", (line,)) for line in headers() for method in ("INVITE", "REFER")]
    statuses = []
    for n, (method, number, lines) in enumerate(asked):
        sender = Sender(f"127.1.{n // 200}.{1 + n % 200}", port)
        answer = sender.ask(method, number, *lines)
        statuses.append(0 if answer is None else answer.status)
        sender.close()
    return statuses


async def test_a_stranger_gets_no_call_whatever_they_dial_and_say(node: Installation) -> None:
    with victim() as sock:
        statuses = await asyncio.to_thread(as_a_stranger, node.sip_port)
        assert len(statuses) == len(NUMBERS) + 2 * len(headers())
        assert set(statuses) <= {400, 401, 403, 404, 405, 420, 481}
        assert heard(sock) == []
    assert await node.total("svar_contacts_started_total") == 0


async def test_a_trunk_reaches_services_and_nothing_else(node: Installation) -> None:
    sender = Sender("127.0.0.2", node.sip_port)
    with victim() as sock:
        for number in NUMBERS:
            answer = await asyncio.to_thread(sender.ask, "INVITE", number)
            assert answer is not None, number
            assert answer.status in (400, 401, 404), (number, answer.status)
        for line, method in itertools.product(headers(), ("REFER", "MESSAGE", "NOTIFY", "SUBSCRIBE")):
            answer = await asyncio.to_thread(sender.ask, method, "5000", line)
            assert answer is not None, (method, line)
            assert answer.status in (400, 403, 405, 481), (method, line, answer.status)
        assert heard(sock) == []
    sender.close()
    assert await node.total("svar_contacts_started_total") == 0


async def test_an_agent_reaches_feature_codes_and_services_and_nothing_else(node: Installation) -> None:
    """The password opens no way out: there is none but through a flow."""

    def dial(number: str, password: str) -> int:
        sender = Sender("127.0.0.5", node.sip_port)
        asked = sender.ask("INVITE", number, from_="<sip:anna@127.0.0.1>")
        assert asked is not None
        status = asked.status
        if asked.status == 401:
            challenge = Challenge.parse(asked.headers.get_all("WWW-Authenticate")[0])
            uri = f"sip:{number}@127.0.0.1:{node.sip_port}"
            proof = authorize(challenge, username="anna", password=password, method="INVITE", uri=uri, cnonce="c")
            answered = sender.ask("INVITE", number, f"Authorization: {proof}", from_="<sip:anna@127.0.0.1>")
            assert answered is not None
            status = answered.status
        sender.close()
        return status

    with victim() as sock:
        async with phones_at(node, "127.0.0.5") as phones:
            await phones.register("anna", answers)
            statuses = [await asyncio.to_thread(dial, number, node.password("anna")) for number in NUMBERS]
            assert phones.rung == []
        assert set(statuses) <= {400, 404}
        assert heard(sock) == []
    assert await node.total("svar_contacts_started_total") == 0


REFERS = (
    f"<sip:00882123@{VICTIM}>", f"<sip:5000@{VICTIM}>", "<sip:0047900000@127.0.0.1>", "<sip:5000@127.0.0.1>",
    f"<sip:x@{VICTIM};method=INVITE>", f"<sip:x@{VICTIM};method=BYE>", "<tel:+88213000000>", f"<sips:x@{VICTIM}>",
    f"<sip:x@{VICTIM}?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>", f"<sip:5000@127.0.0.1?Route=%3Csip%3A{VICTIM}%3E>",
    f"<sip:5000@127.0.0.1>, <sip:x@{VICTIM}>", f"<http://{VICTIM}/>", f"sip:x@{VICTIM}", "nonsense", "",
)  # fmt: skip
"""Whom a REFER may name: outside, inside, in the place of somebody, by another way, and nobody."""


async def test_no_refer_in_a_call_makes_a_call_and_the_call_goes_on(node: Installation) -> None:
    with victim() as sock:
        async with phones_at(node, "127.0.0.2") as operator:
            caller = await operator.answered_call()
            dialog = operator.user_agent.core._sessions.by_id[caller.session].dialog
            assert dialog is not None
            for host in ("127.0.0.2", "127.0.0.77"):
                sender = Sender(host, node.sip_port)
                for n, target in enumerate(REFERS):
                    refer = dialog.request(
                        "REFER", f"SIP/2.0/UDP {host}:{sender.own_port};branch=z9hG4bKr{n}{host};rport",
                        headers=[("Refer-To", target), ("Contact", "<sip:x@127.0.0.2>"), ("Referred-By", "<sip:a@x>")],
                    )  # fmt: skip
                    sender.sock.sendto(bytes(refer), operator.server[:2])
                    answer = parse(await asyncio.to_thread(sender.sock.recv, 65536))
                    assert isinstance(answer, Response)
                    # A trunk is told where it writes what cannot be read; a stranger learns nothing.
                    refused = (400, 403, 416) if host == "127.0.0.2" else (403,)
                    assert answer.status in refused, (host, target)
                sender.close()
            assert not caller.ended
            caller.hang_up()
            await until(caller.is_over, "end of the call")
        assert heard(sock) == []
    await node.quiet()


async def test_no_invite_takes_the_place_of_a_call_that_stands(node: Installation) -> None:
    """Whoever has overheard a call's tags cannot take it over by them."""
    with victim() as sock:
        async with phones_at(node, "127.0.0.2") as operator:
            caller = await operator.answered_call()
            dialog = operator.user_agent.core._sessions.by_id[caller.session].dialog
            assert dialog is not None
            named = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
            for host, statuses in (("127.0.0.2", (403, 486)), ("127.0.0.78", (401, 403))):
                sender = Sender(host, node.sip_port)
                for line in (named, f"{named};early-only", f"{named}\r\nRequire: replaces"):
                    answer = await asyncio.to_thread(sender.ask, "INVITE", "5000", f"Replaces: {line}")
                    assert answer is not None
                    assert answer.status in (*statuses, 420), (host, line, answer.status)
                sender.close()
            assert not caller.ended
            caller.hang_up()
            await until(caller.is_over, "end of the call")
        assert heard(sock) == []
    await node.quiet()
