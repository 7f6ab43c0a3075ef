"""Editions of flows without sound, and the small flows that they are made of."""

from pathlib import Path

from acd import pointing
from acd.pointing import Who
from acd.versions import Content, Gate, Version, VersionId, VersionStore, identify, listing
from acd.versions_folder import FolderVersions
from events.sink import MemorySink
from ivr.book import FlowBook, load_book
from ivr.over_sip.telephony import Identity
from ivr.simulator.prompts import WrittenPrompts
from svar.edition import Edition, Press
from svar.flows_in_service import FlowsInService

KARI = Who("kari", "why", "t", "n1")


def flow(text: str, number: int = 5000, name: str = "main") -> str:
    """A flow that says `text` and hangs up."""
    return (
        f"flow: {name}\ntitle: Test\nnumbers: [{number}]\nlanguages: [nb]\nstart: bye\n"
        f"nodes:\n  bye: {{type: hangup, say: {{nb: {text}}}}}\n"
    )


def content(text: str, **others: str) -> Content:
    """A folder with one flow on 5000, and `others` by file name without its ending."""
    return {"main.yaml": flow(text).encode(), **{f"{name}.yaml": body.encode() for name, body in others.items()}}


class Silent(WrittenPrompts):
    """Words without sound; counts how often it was closed."""

    closings = 0

    async def close(self) -> None:
        self.closings += 1


class Bench:
    """Flows in service over a store, with everything in `folder`; what they tell is in `sink`."""

    def __init__(self, store: VersionStore, folder: Path, node: str = "n1") -> None:
        self.store = store
        self.sink = MemorySink()
        self.configured = folder / "flows"
        self.configured.mkdir(parents=True, exist_ok=True)
        (self.configured / "main.yaml").write_text(flow("folder"))
        self.identity = Identity("t", node, lambda: 1_000_000)
        self.loads = 0
        self.readied: list[tuple[str, bool]] = []
        self.mirror = FolderVersions(folder / "mirror")
        self.flows = FlowsInService(
            store,
            self.mirror,
            Press(folder / "copies", self.load, self.speak),
            self.configured,
            self.sink,
            self.identity,
            ready=self.ready,
        )

    def load(self, path: Path) -> FlowBook:
        self.loads += 1
        return load_book(path)

    async def ready(self, edition: Edition, current: bool) -> None:
        """What contacts would hear is that of the version before."""
        self.readied.append((edition.id, current))

    async def speak(self, book: FlowBook, path: Path) -> Silent:
        return Silent()

    def heard(self, number: str = "5000", caller: str = "", contact: str = "c") -> str:
        """What a new contact would hear."""
        edition = self.flows.choose(number, caller, contact)
        found = edition.book.by_number.get(number)
        return next(iter(found.said())).texts["nb"] if found is not None else "nothing"


async def keep(store: VersionStore, given: Content) -> VersionId:
    version = Version(identify(listing(given)), "kari", "why", gates=(Gate("check", passed=True),))
    return (await store.keep(version, given)).id


async def publish(store: VersionStore, given: Content) -> VersionId:
    id_ = await keep(store, given)
    await pointing.make(store, await store.pointer(), lambda seen: pointing.publish(seen, id_, KARI))
    return id_


async def canary(store: VersionStore, given: Content, share: float, promote_after_s: int = 0) -> VersionId:
    id_ = await keep(store, given)
    await pointing.make(
        store,
        await store.pointer(),
        lambda seen: pointing.start_canary(seen, id_, share, KARI, promote_after_s=promote_after_s),
    )
    return id_
