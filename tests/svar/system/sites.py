"""Several nodes on one Redis, each with a state folder, a SIP port and RTP ports of its own."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acd.redis_server import RedisServer
from tests.svar.system.installation import TRUNK, Installation, eventually

Secure = tuple[int, str, str]
"""A node's port for TLS, its certificate and the key."""
FIRST_PORTS = (20_000, 23_000, 26_000)


@dataclass
class Country:
    """Its nodes by the order of their names `n1`, `n2`, ..."""

    redis: RedisServer
    nodes: list[Installation]

    async def together(self) -> None:
        """Until every node knows of all that run."""
        running = [one for one in self.nodes if one.process is not None and one.process.returncode is None]
        for one in running:
            await eventually(lambda one=one: knows(one, len(running)), f"{len(running)} nodes")  # type: ignore[misc]


async def knows(node: Installation, count: int) -> bool:
    return (await node.metrics()).get("svar_nodes_living") == count


def node(
    folder: Path,
    number: int,
    parts: str,
    url: str,
    *,
    tenant: str = "t",
    tls: Secure | None = None,
    trunks: str = TRUNK,
) -> Installation:
    """The `number`th node (from 1), at the site `site-N`."""
    made = Installation(folder / f"n{number}", parts, environment={"SVAR_REDIS_URL": url}, trunks=trunks)
    first = FIRST_PORTS[number - 1]
    text = made.config.read_text()
    text = text.replace('name = "n1"', f'name = "n{number}"\nsite = "site-{number}"').replace(
        'tenant = "t"', f'tenant = "{tenant}"'
    )
    if tls is not None:
        text += f'\n[tls]\nport = {tls[0]}\ncertificate = "{tls[1]}"\nkey = "{tls[2]}"\n'
    made.config.write_text(text + f"\n[media]\nfirst_port = {first}\nlast_port = {first + 2_998}\n")
    return made


def same_passwords(nodes: list[Installation], agents: list[str]) -> None:
    """As an operator copies the file from one node to the next."""
    for one in nodes:
        one.state.mkdir(parents=True, exist_ok=True)
        path = one.state / "agents.json"
        path.write_text(json.dumps({agent: f"secret-of-{agent}" for agent in agents}))
        path.chmod(0o600)


@asynccontextmanager
async def country(
    folder: Path,
    parts: str,
    agents: list[str],
    count: int = 2,
    *,
    tls: Mapping[int, Secure] | None = None,
    trunks: str = TRUNK,
    further: Mapping[int, str] | None = None,
) -> AsyncIterator[Country]:
    """Started one after the other; gone at the end, whatever a test has killed. `tls`: of which nodes; `further`:
    more of their configuration."""
    tls = tls or {}
    (folder / "redis").mkdir()
    with RedisServer(folder / "redis") as redis:
        nodes = [
            node(folder, number, parts, redis.url, tls=tls.get(number), trunks=trunks) for number in range(1, count + 1)
        ]
        for number, text in (further or {}).items():
            config = nodes[number - 1].config
            config.write_text(config.read_text() + text)
        same_passwords(nodes, agents)
        async with AsyncExitStack() as stack:
            for one in nodes:
                stack.push_async_callback(one.kill)
                await one.start()
            made = Country(redis, nodes)
            await made.together()
            yield made
            for one in nodes:
                if one.process is not None and one.process.returncode is None:
                    assert await one.stop() == 0, one.log()[-4000:]
