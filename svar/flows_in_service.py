"""The flows that new contacts get: what the store's pointer says, or the configured folder where nothing is published.

A version is made ready beside the ones in service and then put in their place at once. One that cannot be served is
refused: what is in service goes on, health turns red, and an event tells it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from acd.distributor import DistributorError
from acd.serving import KEPT_S, Serving
from acd.versions import Canary, Content, Pointer, VersionError, VersionId, VersionStore, identify, listing, short
from acd.versions_folder import FolderVersions
from events.catalogue import FlowsRefused
from events.sink import Sink
from ivr.language.problems import FlowFileError
from ivr.over_sip.telephony import Identity
from ivr.versions.canary import in_canary
from ivr.versions.content import read_content
from metrics.health import Ailing
from svar.edition import Edition, Press

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""The store is looked at so often though it tells of nothing."""
RETRY_S = 0.5
REFUSED_AGAIN_S = 30.0
"""A version that was refused is tried again after so long: what it lacked may have come."""
LONGEST_S = 300.0
"""Within this two versions are ready, or refused."""
MOST_WORDS = 600
ARMS = ("active", "canary")


SAID_AGAIN_S = KEPT_S / 3

Report = Callable[[Serving], Awaitable[None]]


async def unheard(serving: Serving) -> None:
    """Where nobody wants to know."""


Ready = Callable[[Edition, bool], Awaitable[None]]
"""Hears of an edition before contacts get it, and whether it is what the pointer says."""


async def at_once(edition: Edition, current: bool) -> None:
    """Where nothing has to be ready before."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why this node does not serve a version, and when it tries again (the loop's time)."""

    reason: str
    again_at: float


@dataclass(slots=True)
class Counts:
    """What the node tells of its flows as metrics; `contacts` by arm."""

    refused: int = 0
    reloads: int = 0
    reload_ms: int = 0
    contacts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ARMS, 0))


class FlowsInService:
    """`start` once; then `run` follows the store until it is cancelled. `choose` never waits."""

    def __init__(
        self,
        store: VersionStore,
        mirror: FolderVersions,
        press: Press,
        folder: Path,
        sink: Sink,
        identity: Identity,
        report: Report = unheard,
        ready: Ready = at_once,
    ) -> None:
        """`mirror` keeps what was served, for a start when the store has forgotten; `folder` is the configured one.

        `report` hears how far this node has come, and again so that it stays known; `ready` of each edition that is
        to be for everybody, before it is.
        """
        self._stores = (store, mirror)
        self._press = press
        self._folder = folder
        self._told = (sink, identity, ready)
        self._editions: tuple[Edition, ...] = ()
        self._canary: Canary | None = None
        self._retired: list[Edition] = []
        self._refusals: dict[str, Refusal] = {}
        self._forgotten = False
        self._report: tuple[Report, Serving | None, float] = (report, None, 0.0)
        self.pointer = Pointer()
        self.counts = Counts()

    @property
    def active(self) -> Edition:
        return self._editions[0]

    # --- Who gets what ----------------------------------------------------------------------------------------------

    def choose(self, number: str, caller: str, contact: str) -> Edition:
        """The edition for a new contact: a caller stays in one arm, one without a number is drawn by contact.

        A number that one arm alone has is answered by that one.
        """
        arm = 0
        if self._canary is not None and len(self._editions) > 1:
            arm = int(in_canary(caller or contact, self.pointer.salt, self._canary.share))
            if number not in self._editions[arm].book.by_number:
                arm = int(number in self._editions[1].book.by_number)
        return self._editions[arm]

    # --- Following the store ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin with the published version, else with what this node served last, else with the configured folder.

        Raises FlowFileError where it comes to the folder and that has mistakes.
        """
        store, mirror = self._stores
        last = await mirror.pointer()
        try:
            pointer = await store.pointer()
        except DistributorError as error:
            log.warning("the versions of the flows cannot be read", error=str(error))
            pointer = last
        if not pointer.active and last.active:
            self._forget()
            pointer = last
        for id_ in dict.fromkeys((pointer.active, last.active)):
            edition = await self._edition(id_) if id_ else None
            if edition is not None:
                break
        else:
            edition = await self._press.of_folder(self._folder)
        await self._told[2](edition, edition.id == pointer.active)
        self._put(edition)
        await self._take(pointer)

    async def run(self) -> None:
        """Until it is cancelled. Outlives the store's absence."""
        store, away = self._stores[0], ""
        while True:
            try:
                await self._look()
                await self._say()
                await store.moved(self.pointer.sequence, LOOK_S)
                away = ""
            except DistributorError as error:
                if not away:
                    log.warning("the store of versions is away; what is served goes on", error=str(error))
                away = str(error)
                await asyncio.sleep(RETRY_S)
            await self.sweep()

    async def _look(self) -> None:
        pointer = await self._stores[0].pointer()
        if not pointer.active and self.pointer.active:
            self._forget()
        elif pointer != self.pointer or self._refusals:
            self._forgotten = False
            await self._take_until_moved(pointer)

    async def _take_until_moved(self, pointer: Pointer) -> None:
        """A version that takes long to be made ready must not keep a rollback waiting."""
        taking = asyncio.create_task(self._take(pointer))
        moved = asyncio.create_task(self._stores[0].moved(pointer.sequence, LONGEST_S))
        try:
            await asyncio.wait({taking, moved}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done() or moved.exception() is not None:
                await taking
        finally:
            taking.cancel()
            moved.cancel()
            await asyncio.gather(taking, moved, return_exceptions=True)

    async def _say(self) -> None:
        """Where this node stands, when it has changed or is soon forgotten."""
        report, said, at = self._report
        refused = "; ".join(f"version {short(id_)}: {one.reason}" for id_, one in self._refusals.items())
        serving = Serving(self._told[1].node, self.pointer.sequence, refused)
        now = asyncio.get_running_loop().time()
        if serving != said or now > at + SAID_AGAIN_S:
            await report(serving)
            self._report = (report, serving, now)

    def _forget(self) -> None:
        if not self._forgotten:
            log.error("the store has forgotten every version; what is served goes on, and should be published again")
        self._forgotten = True

    async def _take(self, pointer: Pointer) -> None:
        """Serve what the pointer says, as far as it can be served."""
        if self._canary is not None and self._canary != pointer.canary:
            self._put(self.active)
        active = await self._edition(pointer.active) if pointer.active else None
        canary = await self._edition(pointer.canary.version) if pointer.canary else None
        served = {pointer.active, pointer.canary.version if pointer.canary else ""}
        self._refusals = {id_: refusal for id_, refusal in self._refusals.items() if id_ in served}
        if active is not None and active is not self.active:
            await self._told[2](active, True)  # noqa: FBT003 - the pointer says so
        before, self.pointer = self.pointer, pointer
        self._put(active or self.active, canary, pointer.canary)
        if before != pointer and pointer.active:
            log.info("flows in service", version=self.active.name, canary=canary.name if canary else "")
        await self._remember()

    def _put(self, active: Edition, canary: Edition | None = None, terms: Canary | None = None) -> None:
        """The swap: from here on new contacts get these."""
        self._count()
        editions = (active,) if canary is None or canary is active else (active, canary)
        self._retired += [one for one in self._editions if one not in editions and one not in self._retired]
        self._retired = [one for one in self._retired if one not in editions]
        self._editions, self._canary = editions, terms if len(editions) > 1 else None

    def _count(self) -> None:
        """An edition may change arms; what began in it is counted in the arm that it was in."""
        for edition, arm in zip(self._editions, ARMS, strict=False):
            self.counts.contacts[arm] += edition.begun
            edition.begun = 0

    async def _edition(self, id_: VersionId) -> Edition | None:
        """The edition of a version, made ready if it is none of those there are; None when it is refused."""
        for edition in (*self._editions, *self._retired):
            if edition.id == id_:
                return edition
        loop = asyncio.get_running_loop()
        refusal = self._refusals.get(id_)
        if refusal is not None and loop.time() < refusal.again_at:
            return None
        began = loop.time()
        try:
            edition = await self._press.of_content(id_, await self._content(id_))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a version, what is served goes on
            self._refuse(id_, reason_of(error))
            return None
        self._refusals.pop(id_, None)
        self.counts.reloads += 1
        self.counts.reload_ms = round((loop.time() - began) * 1000)
        return edition

    async def _content(self, id_: VersionId) -> Content:
        store, mirror = self._stores
        with suppress(DistributorError):
            return await mirror.content(id_)
        return await store.content(id_)

    def _refuse(self, id_: VersionId, reason: str) -> None:
        known = id_ in self._refusals
        self._refusals[id_] = Refusal(reason, asyncio.get_running_loop().time() + REFUSED_AGAIN_S)
        if known:
            return
        self.counts.refused += 1
        serving = self.active.name if self._editions else ""
        log.error("a version of the flows is refused", version=short(id_), serving=serving, reason=reason)
        sink, who, _ = self._told
        sink.emit(
            FlowsRefused(
                at_ms=who.now_ms(), tenant=who.tenant, node=who.node, flow_version=short(id_), serving=serving,
                reason=reason,
            )
        )  # fmt: skip

    async def _remember(self) -> None:
        """Keep what is served for a start without the store; that it cannot be kept is no reason to serve less."""
        store, mirror = self._stores
        published = [edition.id for edition in self._editions if edition.id and self.pointer.active]
        if not published:
            return
        try:
            for id_ in published:
                try:
                    await mirror.version(id_)
                except VersionError:
                    await mirror.keep(await store.version(id_), await store.content(id_))
            await mirror.mirror(replace(self.pointer, active=published[0], canary=self._canary))
        except DistributorError as error:
            log.warning("the version in service could not be kept on disk", error=str(error))

    async def sweep(self) -> None:
        """Close the editions that nobody is in any more."""
        done = [edition for edition in self._retired if not edition.contacts]
        self._retired = [edition for edition in self._retired if edition.contacts]
        for edition in done:
            await edition.sound.close()

    async def close(self) -> None:
        for edition in (*self._editions, *self._retired):
            await edition.sound.close()

    # --- For development --------------------------------------------------------------------------------------------

    async def take_folder(self) -> None:
        """Serve the configured folder as it stands now. Raises FlowFileError, VersionError, OSError."""
        content = await asyncio.to_thread(read_content, self._folder)
        edition = await self._press.of_content(identify(listing(content)), content, self._folder)
        await self._told[2](edition, True)  # noqa: FBT003 - there is no other
        self._put(edition)
        await self.sweep()

    # --- What is seen -----------------------------------------------------------------------------------------------

    async def differs(self) -> bool:
        """Whether published versions are served and none is what stands in the configured folder."""
        if not self.active.id:
            return False
        try:
            content = await asyncio.to_thread(read_content, self._folder)
        except VersionError:
            return True
        canary = self.pointer.canary
        return identify(listing(content)) not in (self.active.id, canary.version if canary else "")

    async def check(self) -> str:
        """A check for `metrics.health`."""
        serving = f"version {self.active.name}" if self.active.id else "the configured folder"
        if self._refusals:
            told = "; ".join(f"version {short(id_)}: {one.reason}" for id_, one in self._refusals.items())
            raise Ailing(f"not served: {told}; {serving} goes on")
        if self._forgotten:
            raise Ailing(f"the store has forgotten every version; {serving} goes on: publish it again")
        return f"{serving} is served" + (
            f", {self._canary.share:.0%} get {self._editions[1].name}" if self._canary else ""
        )

    def figures(self) -> dict[str, float]:
        counts = self.counts
        return {
            "refused_total": counts.refused,
            "refusing": len(self._refusals),
            "reloads_total": counts.reloads,
            "reload_seconds": counts.reload_ms / 1000,
            "held": len(self._editions) + len(self._retired),
        }

    def in_service(self) -> dict[tuple[str, ...], int]:
        """1 for each version in service, by version and arm."""
        return {(edition.name, arm): 1 for edition, arm in zip(self._editions, ARMS, strict=False)}

    def contacts(self) -> dict[tuple[str, ...], int]:
        """New contacts by arm."""
        self._count()
        return {(arm,): count for arm, count in self.counts.contacts.items()}


def reason_of(error: Exception) -> str:
    """What is wrong with a version, in a few words."""
    if isinstance(error, FlowFileError):
        first, more = error.problems[0], len(error.problems) - 1
        told = f"{Path(first.path).name}:{first.line}:{first.column}: {first.message}"
        return (told + (f" (and {more} more)" if more else ""))[:MOST_WORDS]
    if isinstance(error, TimeoutError):
        return "the sound of its prompts was not ready in time"
    return (str(error) if isinstance(error, DistributorError) else f"{type(error).__name__}: {error}")[:MOST_WORDS]
