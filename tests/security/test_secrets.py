"""What only its owner may know is on disk for its owner alone, and in no log, metric, page, record or error."""

import base64
import hashlib
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from metrics.mqtt import Broker
from rtp.srtp_keys import SessionKeys
from sdp.crypto import Crypto, Suite
from sip.aio.user_agent import UserAgent
from sip.config import Account, Address, CoreConfig, Digest, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted
from sip.message.auth import read_credentials
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from svar.commands.serve import without_password
from tests.interop.peers import run
from tests.rtp.phone import until
from tests.sip.aio.authority import Authority
from tests.sip.network import counted
from tests.svar.system.installation import ROOT, Installation, eventually, running
from tests.svar.system.phones import answers, phones_at

AGENTS, CARRIERS, BROKERS = "agents-secret-4711", "carriers-secret-4712", "brokers-secret-4713"
CALLERS_KEY = base64.b64encode(b"k" * 30).decode()
_INLINE = re.compile(r"inline:([A-Za-z0-9+/=]+)")
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
[tls]
port = {port}
certificate = "{certificate}"
key = "{key}"
"""
TRUNKS = """
[[trunk]]
name = "operator"
networks = ["127.0.0.2/32"]
media.srtp = "required"
[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:{port}"
[trunk.account]
user = "nav"
realm = "carrier"
register = true
password_env = "CARRIER_PASSWORD"
"""


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    """One with every kind of secret that there is, and a state folder that was there before, for all to read."""
    certificate, key = Authority(tmp_path).issue("127.0.0.1", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    others = Digest("carrier", {"nav": "another"}.get, b"secret")
    carrier = UserAgent(UserAgentCore(CoreConfig(digest=others), counted("c")), Address("127.0.0.1", 0))
    await carrier.start()
    installation = Installation(
        tmp_path,
        PARTS.format(port=port, certificate=certificate, key=key),
        trunks=TRUNKS.format(port=carrier.address.port),
        mqtt=f"mqtt://svar:{BROKERS}@127.0.0.1:9",
        environment={"CARRIER_PASSWORD": CARRIERS},
    )
    installation.state.mkdir(mode=0o755)
    (installation.state / "agents.json").write_text(json.dumps({"anna": AGENTS}))
    (installation.state / "agents.json").chmod(0o600)
    async with running(installation):
        yield installation
    await carrier.close()


def protected(sdp: str) -> str:
    """The same description for SRTP, under CALLERS_KEY."""
    lines = sdp.replace("RTP/AVP", "RTP/SAVP").rstrip("\r\n").split("\r\n")
    return "\r\n".join([*lines, f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{CALLERS_KEY}", ""])


async def protected_call(node: Installation) -> list[str]:
    """An agent registers, somebody guesses, a call under SRTP reaches the agent; gives the keys that were told."""
    async with phones_at(node, "127.0.0.5") as phones, phones_at(node, "127.0.0.2") as operator:
        await phones.register("anna", answers)
        with pytest.raises(AssertionError, match="not registered"):
            await phones.register("anna", answers, password=f"{AGENTS}-not")
        caller = operator._handset()
        target = SipUri("5000", operator.server.host, operator.server.port)
        caller.dial(target, operator.server, protected(caller.rtp.sdp()))
        await until(lambda: caller.count(Accepted) > 0, "answer to the caller")
        (accepted,) = (event for event in caller.heard_of if isinstance(event, Accepted))
        await phones.rings()
        caller.hang_up()
        await node.quiet()
        return _INLINE.findall(accepted.sdp or "")


@pytest.mark.interop
async def test_no_secret_is_in_logs_metrics_pages_or_records(node: Installation) -> None:
    """Keys of SRTP, passwords of agents, trunks and brokers, the key of nonces, what a digest is made of."""
    (ours,) = await protected_call(node)
    await eventually(lambda: "carrier" in node.log(), "registration that fails")
    nonces = (node.state / "nonce.key").read_bytes()
    a1 = f"anna:svar:{AGENTS}".encode()
    secrets = [AGENTS, CARRIERS, BROKERS, CALLERS_KEY, ours, base64.b64encode(nonces).decode(), nonces.hex()]
    secrets += [
        hashlib.md5(a1).hexdigest(),
        hashlib.sha256(a1).hexdigest(),
        base64.b64decode(ours).hex(),
        "PRIVATE KEY",
    ]
    shown = node.log() + "".join([await node.get(path) for path in ("/metrics", "/health", "/login")])
    shown += "".join([await node.page(path) for path in ("/", "/people", "/sites", "/account")])
    for path in node.state.glob("records.sqlite*"):
        shown += path.read_bytes().decode("latin-1")
    assert "svar ready" in shown
    assert "anna" in shown
    assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.interop
async def test_what_a_node_keeps_is_readable_for_its_owner_alone(node: Installation) -> None:
    """Even in a folder that was there before, for all to read; prompts are what everybody hears."""
    await protected_call(node)
    files = [path for path in node.state.rglob("*") if path.is_file() and "prompts" not in path.parts]
    assert {"agents.json", "nonce.key", "records.sqlite", "lock"} <= {path.name for path in files}
    open_to_others = [
        path.relative_to(node.state)
        for path in files
        if path.stat().st_mode & 0o077
        and not any(one.stat().st_mode & 0o077 == 0 for one in _between(path, node.state))
    ]
    assert open_to_others == []


def _between(path: Path, folder: Path) -> list[Path]:
    """The folders on the way to it that may keep others out."""
    return [one for one in path.parents if one.is_relative_to(folder) and one != folder]


def test_no_secret_is_in_what_python_shows_of_a_value() -> None:
    """Such as in the text of an exception, or in a log of a whole event."""
    authorization = 'Digest username="anna", realm="svar", nonce="n", uri="sip:a", response="' + "5ec4e7" * 6 + '"'
    (given,) = read_credentials([authorization])
    values = (
        Digest("svar", {"anna": "5ec4e7"}.get, b"5ec4e7"),
        Account("carrier", "nav", "5ec4e7"),
        ClientCredentials("nav", "5ec4e7"),
        Broker("mqtt.example", username="svar", password="5ec4e7"),
        Crypto(1, Suite.AES_128_SHA1_80, b"5ec4e7"),
        SessionKeys(b"5ec4e7", b"5ec4e7", b"5ec4e7"),
        SipUri.parse("sip:anna:5ec4e7@nav.example"),
        Trunk("carrier", (), account=Account("carrier", "nav", "5ec4e7")),
        CoreConfig(digest=Digest("svar", {"anna": "5ec4e7"}.get, b"5ec4e7")),
        given,
    )
    for value in values:
        assert "5ec4e7" not in repr(value)
        assert "5ec4e7" not in f"{value!r:.1000}"


async def test_what_svar_prints_has_no_secret_of_the_configuration(tmp_path: Path) -> None:
    """Where it cannot start, as where everything is right."""
    config = tmp_path / "svar.toml"
    good, bad = f"redis://svar:{AGENTS}@127.0.0.1:9", f"http://{AGENTS}@x"
    for redis, command in ((good, "serve"), (bad, "serve"), (good, "check"), (bad, "check")):
        config.write_text(
            f'[node]\nstate = "{tmp_path}/state"\n[redis]\nurl = "{redis}"\n[mqtt]\nurl = "mqtt://u:{BROKERS}@h:1"\n'
            f'[sip]\nport = 0\n[http]\nport = 0\n[flows]\nfolder = "{ROOT}/flows"\n'
            '[[agent]]\nname = "anna"\nskills = { work = 5 }\n[[queue]]\nname = "work"\n'
        )
        finished = await run([sys.executable, "-m", "svar", command, "--config", str(config)], timeout_s=30, cwd=ROOT)
        assert finished.output
        assert AGENTS not in finished.output
        assert BROKERS not in finished.output


def test_a_broker_is_named_without_its_password() -> None:
    assert without_password(f"mqtts://svar:{BROKERS}@mqtt.example:8883") == "mqtts://mqtt.example:8883"
    assert without_password("mqtt://127.0.0.1:1883") == "mqtt://127.0.0.1:1883"
