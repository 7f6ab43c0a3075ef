"""What may be tried by REFER in an agent's talk: by others, about others, to anywhere but the configuration's names."""

import asyncio

import pytest

from sip.dialog import Dialog
from sip.message.auth import Challenge, authorize
from sip.message.message import Request, Response, parse
from tests.security.test_toll_fraud import VICTIM, Sender, heard, victim
from tests.svar.system.phones import Phones
from tests.svar.system.test_talks import Scene, node, port, scene, together

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]
__all__ = ["node", "port", "scene"]

OURS = "127.0.0.1"
TARGETS = (
    "<sip:0047900000@127.0.0.1>", "<sip:+4782012345@127.0.0.1>", "<sip:+881612345678@127.0.0.1>", "<tel:+4782012345>",
    "<tel:110>", "<sip:5000@127.0.0.1>", "<sip:*21@127.0.0.1>", "<sip:@127.0.0.1>", "<sip:127.0.0.1>",
    f"<sip:hospital@{VICTIM}>", "<sip:hospital@evil.example>", "<sip:hospital@[::1]>", "<sip:berit@127.0.0.1.>",
    f"<sip:hospital%40{VICTIM}@127.0.0.1>", "<sip:hospital%0d%0aX-Evil%3a%20y@127.0.0.1>", "<sip:berit%00@127.0.0.1>",
    "<sip:HOSPITAL@127.0.0.1>", "<sip:destination%3Ahospital@127.0.0.1>", "<sip:work/../hospital@127.0.0.1>",
    f"<sip:berit@127.0.0.1?Route=%3Csip%3A{VICTIM}%3Blr%3E>", "<sip:berit@127.0.0.1?X-Svar-Node=n1>",
    "<sip:berit@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", "<sip:berit@127.0.0.1?Replaces=%0d%0aX%3a%20y>",
    "<sip:berit@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc&Replaces=d%3Bto-tag%3De%3Bfrom-tag%3Df>",
    "<sip:berit@127.0.0.1?From=%3Csip%3Aking%40127.0.0.1%3E>", "<sip:berit@127.0.0.1;method=BYE>",
    "<sip:berit@127.0.0.1;method=REGISTER>", "<http://127.0.0.1/berit>", "<urn:service:sos>", "<>", "",
    "<sip:berit@127.0.0.1>, <sip:hospital@127.0.0.1>", f"<sip:{'9' * 6000}@127.0.0.1>", "<sip:" + "%62" * 3000 + "@x>",
    "\u0661\u0662\u0663", "<sip:b\u00e9rit@127.0.0.1>",
)  # fmt: skip
"""None of it is an agent, a queue or a destination at a host of ours."""


def dialog_of(phones: Phones, session: object) -> Dialog:
    dialog = phones.user_agent.core._sessions.by_id[session].dialog  # type: ignore[index]
    assert dialog is not None
    return dialog


class Referrer:
    """Sends REFER within a dialog from an address of its own, with an agent's digest or none."""

    def __init__(self, scene: Scene, dialog: Dialog, host: str = OURS) -> None:
        self._scene = scene
        self._dialog = dialog
        self._sender = Sender(host, scene.node.sip_port)
        self._count = 0

    async def ask(self, target: str, agent: str = "", *lines: tuple[str, str]) -> int:
        """The status of the last answer."""
        answer = await self._sent(target, *lines)
        if answer.status == 401 and agent:
            challenge = Challenge.parse(answer.headers.get_all("WWW-Authenticate")[0])
            request = self._request(target, *lines)
            proof = authorize(
                challenge,
                username=agent,
                password=self._scene.node.password(agent),
                method="REFER",
                uri=str(request.uri),
                cnonce="c",
            )
            answer = await self._sent(target, *lines, ("Authorization", str(proof)))
        return answer.status

    def _request(self, target: str, *lines: tuple[str, str]) -> Request:
        self._count += 1
        host, port = self._sender.host, self._sender.own_port
        via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKt{id(self)}{self._count};rport"
        headers = [("Refer-To", target), ("Contact", f"<sip:x@{host}:{port}>"), *lines]
        return self._dialog.request("REFER", via, headers=headers)

    async def _sent(self, target: str, *lines: tuple[str, str]) -> Response:
        data = bytes(self._request(target, *lines))
        self._sender.sock.sendto(data, (OURS, self._scene.node.sip_port))
        while True:
            answer = parse(await asyncio.to_thread(self._sender.sock.recv, 65536))
            if isinstance(answer, Response) and answer.status >= 200:
                return answer

    def close(self) -> None:
        self._sender.close()


async def test_an_agent_gives_nobody_away_to_anywhere_but_a_name_of_the_configuration(scene: Scene) -> None:
    """Each is refused, or told of its failure (202, then 403 by NOTIFY); nobody is rung, and the talk goes on."""
    referrer = Referrer(scene, dialog_of(scene.phones, scene.kari.session))
    with victim() as sock:
        for target in TARGETS:
            status = await referrer.ask(target, "kari")
            assert status in (202, 400, 403, 416, 500, 503, 603), (target[:80], status)
        assert heard(sock) == []
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1
    referrer.close()


@pytest.mark.parametrize("agent", ["", "berit"], ids=["nobody", "another agent"])
@pytest.mark.parametrize("whose", ["agent", "caller"])
async def test_a_talk_is_moved_by_nobody_but_its_own_agent(scene: Scene, agent: str, whose: str) -> None:
    """Whoever knows the tags of a dialog, and even is an agent."""
    of = (scene.phones, scene.kari) if whose == "agent" else (scene.callers, scene.caller)
    for host in (OURS, "127.0.0.2", "127.0.0.5"):
        referrer = Referrer(scene, dialog_of(of[0], of[1].session), host)
        for target in ("<sip:hospital@127.0.0.1>", "<sip:berit@127.0.0.1>", "<sip:second@127.0.0.1>"):
            status = await referrer.ask(target, agent, ("Referred-By", "<sip:kari@127.0.0.1>"))
            assert status in (401, 403), (host, target, status)
        referrer.close()
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1


@pytest.mark.parametrize("who", ["berit", "operator"])
async def test_nobody_takes_the_place_of_a_caller_or_an_agent_by_replaces(scene: Scene, who: str) -> None:
    """An agent with a password, or another of the trunk, who has overheard the tags."""
    for phones, handset in ((scene.phones, scene.kari), (scene.callers, scene.caller)):
        dialog = dialog_of(phones, handset.session)
        named = f"Replaces: {dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
        sender = Sender(OURS if who == "berit" else "127.0.0.2", scene.node.sip_port)
        for number in ("5000", "berit", "hospital", "kari"):
            answer = await asyncio.to_thread(sender.ask, "INVITE", number, named)
            assert answer is not None
            status = answer.status
            if status == 401:
                challenge = Challenge.parse(answer.headers.get_all("WWW-Authenticate")[0])
                uri = f"sip:{number}@{OURS}:{scene.node.sip_port}"
                password = scene.node.password("berit")
                proof = authorize(challenge, username="berit", password=password, method="INVITE", uri=uri, cnonce="c")
                proven = await asyncio.to_thread(sender.ask, "INVITE", number, named, f"Authorization: {proof}")
                assert proven is not None
                status = proven.status
            assert status in (403, 404, 481, 486, 603), (number, status)
        sender.close()
    await together(scene.caller, scene.kari)
    assert len(scene.phones.rung) == 1
