"""Kamailio with the example configuration in front of two nodes that share a Redis."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.peers import Finished, require, run, sipp
from tests.interop.phones import ROOT, free_stream_port, logged, written
from tests.sip.aio.authority import Authority
from tests.svar.system.installation import Installation, eventually

EXAMPLE = ROOT / "deploy" / "kamailio"
SCENARIOS = Path(__file__).parent / "scenarios"
FRONT, STRANGER, CALLER = "127.0.0.30", "127.0.0.9", "127.0.0.1"
HOSTS = ("127.0.0.31", "127.0.0.32")
TRUNK_NAME = "front.example"

CONFIG = """
[node]
tenant = "t"
name = "{name}"
[sip]
host = "{host}"
port = {port}
domains = ["{front}"]
[tls]
port = {tls_port}
certificate = "{certificate}"
key = "{key}"
ca = "{ca}"
[http]
port = 0
[redis]
url = "{redis}"
[limits]
shutdown_s = 15
[mqtt]
url = "off"
[flows]
folder = "{flows}"
[[trunk]]
name = "front"
networks = ["{front}/32"]
certificate = "{trunk}"
trusted = true
address = "sip:{front}:{front_port}"
[[destination]]
name = "partner"
uri = "sip:partner@{front}"
trunk = "front"
[[queue]]
name = "work"
offer_s = 8
[[agent]]
name = "anna"
skills = {{ work = 5 }}
"""

FLOWS = {
    "menu": """
flow: menu
title: Menu
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: "Velkommen. Tast to for å vente på en rådgiver, eller vent litt, så hører du dette en gang til."}
    keys: {2: wait}
    wait: 4s
    attempts: 5
    no_choice: bye
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
""",
    "goodbye": """
flow: goodbye
title: Goodbye
numbers: [5002]
languages: [nb]
start: bye
nodes:
  bye: {type: hangup, say: {nb: Ha det bra.}}
""",
    "outside": """
flow: outside
title: Outside
numbers: [5004]
languages: [nb]
start: partner
nodes:
  partner: {type: transfer, to: partner, failed: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
""",
    "late": """
flow: late
title: Late
numbers: [5003]
languages: [nb]
answer: late
start: hello
nodes:
  hello:
    type: say
    say: {nb: "Dette er en lang melding som koster ingenting å høre på, og som ingen venter på slutten av. Ha det."}
    next: menu
  menu: {type: menu, say: {nb: Tast to.}, keys: {2: bye}, wait: 5s, attempts: 2, no_choice: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
""",
}


_ACTIVE_NODE = re.compile(rf"URI: sip:(?:{'|'.join(HOSTS)}):\S+\s+FLAGS: AP")


@dataclass(slots=True)
class Node:
    """One of the nodes: on an address of its own, since Kamailio knows svar by it."""

    host: str
    port: int
    tls_port: int
    installation: Installation

    def uri(self, transport: str) -> str:
        port = self.tls_port if transport == "tls" else self.port
        return f"sip:{self.host}:{port}" + ("" if transport == "udp" else f";transport={transport}")

    async def calls(self) -> float:
        return await self.installation.total("svar_calls_in_progress")

    async def agents(self) -> dict[str, int]:
        return await self.installation.agents()


@dataclass(slots=True)
class Front:
    """A running Kamailio. `transport`: by which it speaks to the nodes."""

    folder: Path
    port: int
    tls_port: int
    ca: str
    transport: str
    nodes: Sequence[Node]
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "kamailio.log"

    @property
    def phones_port(self) -> int:
        """Where those are taken who speak as Kamailio does to the nodes."""
        return self.tls_port if self.transport == "tls" else self.port

    async def active(self) -> int:
        """How many nodes the dispatcher sends calls to."""
        command = ["kamcmd", "-s", f"unix:{self.folder}/kamailio.ctl", "dispatcher.list"]
        finished = await run(command, timeout_s=10)
        return len(_ACTIVE_NODE.findall(finished.output))

    async def until_active(self, nodes: int) -> None:
        async def reached() -> bool:
            return await self.active() == nodes

        await eventually(reached, f"{nodes} active nodes", 20, self.told)

    def told(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    async def callers(
        self, scenario: str, number: str, *, calls: int = 4, rate: int = 20, sockets: str = "u1",
        host: str = CALLER, talk_ms: int = 200, timeout_s: float = 40,
    ) -> Finished:  # fmt: skip
        """SIPp through Kamailio; how that went."""
        arguments = (
            "-sf", str(SCENARIOS / scenario), "-s", number, "-m", str(calls), "-r", str(rate), "-t", sockets,
            "-d", str(talk_ms), f"{FRONT}:{self.port}",
        )  # fmt: skip
        return await run(sipp(*arguments, port=free_stream_port(host), host=host), timeout_s=timeout_s)


class Site:
    """The nodes, the authority of all certificates, and as many Kamailios as a test wants."""

    def __init__(self, folder: Path, redis: str) -> None:
        self.folder = folder
        self._started = 0
        self.port, self.tls_port = free_stream_port(FRONT), free_stream_port(FRONT)
        self.carrier_port = free_stream_port(CALLER)
        self.authority = Authority(folder)
        self.certificate = self.authority.issue(TRUNK_NAME, TRUNK_NAME, FRONT, f"sip:{TRUNK_NAME}", file="front")
        flows = {f"{name}.yaml": text for name, text in FLOWS.items()}
        self.nodes = [self._node(f"n{number}", host, flows, redis) for number, host in enumerate(HOSTS, 1)]

    def _node(self, name: str, host: str, flows: dict[str, str], redis: str) -> Node:
        installation = Installation(self.folder / name, "", flows=flows)
        certificate, key = self.authority.issue(f"{name}.example", f"{name}.example", host, f"sip:{host}", file=name)
        port, tls_port = free_stream_port(host), free_stream_port(host)
        installation.config.write_text(
            CONFIG.format(
                name=name, host=host, port=port, tls_port=tls_port, front=FRONT, front_port=self.port,
                trunk=TRUNK_NAME, redis=redis, certificate=certificate, key=key,
                ca=self.authority.file, flows=self.folder / name / "flows",
            )
        )  # fmt: skip
        return Node(host, port, tls_port, installation)

    async def start(self) -> None:
        """One after the other: the first makes the agents' passwords and shows them."""
        for node in self.nodes:
            await node.installation.start()

    def password(self, agent: str) -> str:
        return self.nodes[0].installation.password(agent)

    @asynccontextmanager
    async def kamailio(self, transport: str = "udp") -> AsyncIterator[Front]:
        """The example configuration with only the files changed that an operator changes."""
        program = require("kamailio")
        require("kamcmd")
        self._started += 1
        folder = self.folder / f"kamailio-{self._started}"
        shutil.copytree(EXAMPLE, folder)
        port, tls_port = self.port, self.tls_port
        local = _local(folder, port, tls_port)
        # Over TLS connections come from another address of ours, so that the certificate alone says who it is.
        written(folder / "local.cfg", local if transport == "tls" else f"{local}tcp_source_ipv4={FRONT}\n")
        nodes = "".join(f"1 {node.uri(transport)} 8 0\n" for node in self.nodes)
        written(folder / "nodes.list", f"{nodes}2 sip:{CALLER}:{self.carrier_port} 0 0\n")
        written(folder / "peers.list", "".join(f"1 {node.host} 32\n" for node in self.nodes) + f"2 {CALLER} 32\n")
        tls = (EXAMPLE / "tls.cfg").read_text()
        for name, path in zip(("kamailio.pem", "kamailio.key"), self.certificate, strict=True):
            tls = tls.replace(f"/etc/kamailio/svar/{name}", path)
        written(folder / "tls.cfg", tls.replace("/etc/kamailio/svar/ca.pem", self.authority.file))
        front = Front(folder, port, tls_port, self.authority.file, transport, self.nodes)
        command = (program, "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "64", "-M", "8")
        async with logged(front.log, *command) as process:
            async with asyncio.timeout(20):
                while not (folder / "kamailio.ctl").exists():
                    assert process.returncode is None, front.told()
                    await asyncio.sleep(0.05)
            await front.until_active(sum(_lives(node) for node in self.nodes))
            yield front


def _lives(node: Node) -> bool:
    process = node.installation.process
    return process is not None and process.returncode is None


def _local(folder: Path, port: int, tls_port: int) -> str:
    return (
        f'#!substdef "!FOLDER!{folder}!g"\n#!substdef "!RUNTIME!{folder}!g"\n#!substdef "!DOMAIN!{FRONT}!g"\n'
        f"listen=udp:{FRONT}:{port}\nlisten=tcp:{FRONT}:{port}\nlisten=tls:{FRONT}:{tls_port}\n"
    )


@asynccontextmanager
async def site(folder: Path, redis: str) -> AsyncIterator[Site]:
    """Both nodes up; whatever a test did to them, they are gone at the end."""
    made = Site(folder, redis)
    async with AsyncExitStack() as stack:
        for node in made.nodes:
            stack.push_async_callback(node.installation.kill)
        await made.start()
        yield made
