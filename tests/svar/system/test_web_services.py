"""A caller whose case is looked up in a web service, and who gets a text message: over SIP, HTTP and a whole node."""

import asyncio
import json
from pathlib import Path

from aiohttp import web

from ivr.nodes.lookup import PATIENCE_S
from sip.events import Accepted
from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.ivr.web.servers import serving
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Phones, phones_at

FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: case
nodes:
  case:
    type: lookup
    service: cases
    path: /cases/{number}
    take: {status: {field: case.status, one_of: [open, closed]}, left: {field: case.left, type: number}}
    found: which
    failed: bye
  which: {type: branch, cases: [{when: status == "open" and left > 2, next: away}], otherwise: bye}
  away:
    type: deflect
    say: {nb: Se nettsiden.}
    sms: {nb: "Saken er {status}. Les mer på https://www.nav.no"}
    sent: bye
    failed: bye
  bye: {type: hangup, say: {nb: Ha det.}}
"""
TRUNK = """
[[trunk]]
name = "operator"
networks = ["127.0.0.0/8"]
trusted = true
"""
PARTS = """
[[lookup]]
name = "cases"
url = "{url}/api"
networks = ["127.0.0.1"]
headers.env = {{ Authorization = "CASES_TOKEN" }}
[sms]
url = "{url}/send"
networks = ["127.0.0.1"]
sender = "NAV"
body = {{ recipient = "{{to}}", message = "{{text}}", from = "{{sender}}" }}
headers.files = {{ X-Api-Key = "sms.key" }}
"""


class Backend:
    """Both services, as one server."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.sent: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.Response:
        body = await request.text()
        secret = request.headers.get("Authorization", request.headers.get("X-Api-Key", ""))
        self.asked.append((request.method, request.raw_path, secret))
        if request.method == "POST":
            self.sent.append(json.loads(body))
            return web.Response(status=202)
        await asyncio.sleep(PATIENCE_S + 0.5)  # the caller hears music meanwhile
        return web.json_response({"case": {"status": "open", "left": 3}})


def ring(phones: Phones) -> Handset:
    """Somebody for whom the trunk vouches."""
    handset = Handset(phones.user_agent)
    phones.handsets.append(handset)
    target = SipUri("5000", phones.server.host, phones.server.port)
    asserted = (("P-Asserted-Identity", "<tel:+4791234567>"),)
    handset.dial(target, phones.server, handset.rtp.sdp(), headers=asserted)
    return handset


async def test_a_case_is_looked_up_and_a_message_sent(tmp_path: Path) -> None:
    backend = Backend()
    async with serving(backend) as url:
        secrets = {"CASES_TOKEN": "Bearer cases-4711"}
        parts = PARTS.format(url=url)
        installation = Installation(tmp_path, parts, flows={"test.yaml": FLOW}, trunks=TRUNK, environment=secrets)
        (tmp_path / "sms.key").write_text("sms-4712\n")
        (tmp_path / "sms.key").chmod(0o600)
        async with running(installation), phones_at(installation) as phones:
            handset = ring(phones)
            await until(lambda: handset.ended, "end of the call", deadline_s=20)
            assert handset.count(Accepted) == 1
            await installation.quiet()
            metrics = await installation.metrics()
    assert backend.asked == [
        ("GET", "/api/cases/5000", "Bearer cases-4711"),
        ("POST", "/send", "sms-4712"),
    ]
    assert backend.sent == [
        {"recipient": "+4791234567", "message": "Saken er open. Les mer på https://www.nav.no", "from": "NAV"}
    ]
    assert metrics['svar_lookups_total{outcome="found",service="cases"}'] == 1
    assert metrics['svar_deflections_total{outcome="sent",to="sms"}'] == 1
    log = installation.log()
    assert not any(secret in log for secret in ("cases-4711", "sms-4712", "91234567"))
