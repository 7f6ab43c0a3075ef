"""The agents' passwords: made where one is missing, the same at all nodes of an installation, in the open at none.

What nodes share is what a digest needs. The file in the state folder is this node's copy, so that phones register while
Redis is away. An installation with a Redis of its own is one node: its file has the passwords themselves too.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import structlog

from acd.credentials_redis import Credential, Mark
from sip.message.auth import HashedPassword
from svar.config import Config, ConfigError
from svar.lasting_work import lasting
from svar.parts import Parts
from svar.password_files import HandOut, Kept, read, secret, write

_log = structlog.get_logger(__name__)

LOOK_S = 1.0
MOST_NAMED = 20
_LENGTH_BYTES = 9


class Credentials(Protocol):
    """What all nodes share (`acd.credentials_redis.RedisCredentials`). Every method raises Unavailable."""

    async def realm(self, realm: str) -> str: ...

    async def begin_anew(self, realm: str) -> None: ...

    async def secret(self, ours: bytes) -> bytes: ...

    async def first(self, made: Mapping[str, Credential]) -> dict[str, Credential]: ...

    async def newer(self, made: Mapping[str, Credential]) -> dict[str, Credential]: ...

    async def mark(self) -> Mark: ...

    async def changed(self, after: int) -> dict[str, Credential]: ...


class Passwords:
    """By agent. There is no default password. `begin` before anything else, then `run` beside it.

    `fresh` holds those that were made and that nobody has been shown.
    """

    def __init__(self, state: Path, realm: str, store: Credentials, *, alone: bool) -> None:
        """`alone`: the installation has one node, whose file may have the passwords in the open."""
        self._path = state / "agents.json"
        self._key = state / "nonce.key"
        self._realm = realm
        self._store = store
        self._alone = alone
        self._hand_out = HandOut(state / "agents.new.json")
        self._kept: dict[str, Kept] = {}
        self._mark = Mark()
        self._made: dict[str, str] = {}
        self._turn = asyncio.Lock()
        self.secret = b""
        self.fresh: dict[str, str] = {}

    # --- what is asked ---

    def get(self, agent: str) -> str | None:
        """The password itself, where this node has it in the open."""
        kept = self._kept.get(agent)
        return kept.plain or None if kept is not None else None

    def hashed(self, agent: str) -> HashedPassword | None:
        kept = self._kept.get(agent)
        return None if kept is None else HashedPassword(kept.credential.md5, kept.credential.sha256)

    def knows(self, agent: str) -> bool:
        return agent in self._kept

    # --- what is done ---

    async def begin(self) -> None:
        """Take over what the installation has, and give it what only this node's file has.

        Raises ConfigError for a file that is not what was written and for another realm than the other nodes', OSError,
        Unavailable.
        """
        realm = await self._store.realm(self._realm)
        if realm != self._realm and self._alone:
            await self._store.begin_anew(self._realm)
        elif realm != self._realm:
            raise ConfigError(
                f"[sip] realm = {self._realm!r}: the installation's agents have their passwords for {realm!r}, as its "
                "first node was started; write that here (docs/sites.md says how an installation gets another realm)"
            )
        self._kept = ours = await asyncio.to_thread(read, self._path, self._realm)
        self.secret = await self._store.secret(await asyncio.to_thread(secret, self._key))
        await asyncio.to_thread(secret, self._key, self.secret)
        mark = await self._store.mark()
        counts = await self._store.changed(0)
        counts |= await self._store.first({name: kept.credential for name, kept in ours.items() if name not in counts})
        other = sorted(name for name, kept in ours.items() if not kept.same(counts[name]))
        if other:
            _log.warning(
                "agents.json has other passwords than the installation, whose count",
                agents=other[:MOST_NAMED],
                number=len(other),
            )
        self._mark = mark
        self._take(counts)
        self.fresh = await asyncio.to_thread(self._hand_out.read, self._right)
        await self._save()

    async def ensure(self, agents: Iterable[str]) -> None:
        """Every one of `agents` has a password from now on; another node's counts where it made one.

        Raises Unavailable, and OSError when the folder cannot be written.
        """
        async with self._turn:
            missing = [agent for agent in agents if agent not in self._kept]
            if missing:
                await self._make(missing)

    async def _make(self, agents: list[str]) -> None:
        # Those of a try that failed come again: it may have gone through.
        made = {agent: self._made.setdefault(agent, secrets.token_urlsafe(_LENGTH_BYTES)) for agent in agents}
        now_ms = time.time_ns() // 1_000_000
        hashed = await asyncio.to_thread(
            lambda: {name: Kept.of(name, self._realm, made[name], now_ms) for name in made}
        )
        if not self._alone:  # before they count: one that nobody can tell is worth nothing
            await asyncio.to_thread(self._hand_out.add, made)
        counts = await self._store.first({name: kept.credential for name, kept in hashed.items()})
        ours = {name: hashed[name] for name, one in counts.items() if hashed[name].same(one)}
        self._kept |= ours
        self._take(counts)
        self.fresh |= {name: made[name] for name in ours}
        self._made.clear()
        if not self._alone:
            await asyncio.to_thread(self._hand_out.drop, made.keys() - ours.keys())
        await self._save()

    async def shown(self, agents: Iterable[str]) -> None:
        """Somebody has seen these: they are nobody's to hand out any more. Raises OSError."""
        names = set(agents)
        async with self._turn:
            self.fresh = {name: one for name, one in self.fresh.items() if name not in names}
            await asyncio.to_thread(self._hand_out.drop, names)

    # --- following the other nodes ---

    async def run(self, every_s: float = LOOK_S) -> None:
        """Until it is cancelled. While Redis is away all is as it was."""
        await lasting(self.look, every_s, _log, "passwords cannot be compared with the other nodes'")

    async def look(self) -> None:
        """Take over what has changed. Raises Unavailable, OSError."""
        async with self._turn:
            await self._follow()

    async def _follow(self) -> None:
        mark = await self._store.mark()
        if mark == self._mark:
            return
        if mark.life == self._mark.life and mark.sequence > self._mark.sequence:
            found = await self._store.changed(self._mark.sequence)
        else:
            _log.error("Redis has forgotten agents' passwords; it is told again", agents=len(self._kept))
            await self._store.realm(self._realm)
            await self._store.secret(self.secret)
            found = await self._store.newer({name: kept.credential for name, kept in self._kept.items()})
            found |= await self._store.changed(0)
        changed = [name for name, one in found.items() if name in self._kept and not self._kept[name].same(one)]
        if changed:
            _log.info("agents have other passwords", agents=sorted(changed)[:MOST_NAMED], number=len(changed))
        self._mark = mark
        self._take(found)
        await self._save()

    def _take(self, found: Mapping[str, Credential]) -> None:
        """What is in the open here stays so where it is what counts, and the node has no others."""
        for name, one in found.items():
            kept = self._kept.get(name)
            plain = kept.plain if kept is not None and kept.same(one) and self._alone else ""
            self._kept[name] = Kept(one, plain)
        self.fresh = {name: plain for name, plain in self.fresh.items() if self._right(name, plain)}

    def _right(self, agent: str, password: str) -> bool:
        kept = self._kept.get(agent)
        return kept is not None and Kept.of(agent, self._realm, password, 0).same(kept.credential)

    async def _save(self) -> None:
        await asyncio.to_thread(write, self._path, self._realm, dict(self._kept))


def new_password(agent: str, realm: str, clock: Callable[[], int] = time.time_ns) -> tuple[str, Credential]:
    """One to be shown once, and what is kept of it."""
    plain = secrets.token_urlsafe(_LENGTH_BYTES)
    return plain, Kept.of(agent, realm, plain, clock() // 1_000_000).credential


async def opened(config: Config, store: Credentials, parts: Parts, stack: AsyncExitStack) -> Passwords:
    """Those of a node, which follows the others from now on. Raises what `Passwords.begin` raises."""
    made = Passwords(Path(config.node.state), config.sip.realm, store, alone=not config.redis.url)
    await made.begin()
    parts.run(stack, "passwords", made.run())
    return made
