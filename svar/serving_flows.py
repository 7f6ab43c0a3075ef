"""Puts together what serves flows in a node: the store of versions, the editions, the canary's watch."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path

from acd.versions_folder import FolderVersions
from ivr.book import FlowBook, load_book
from ivr.language.prompting import Said
from ivr.over_sip.telephony import Identity
from ivr.prompts.library import SpokenPrompts
from metrics.health import Health
from metrics.prometheus import Labelled
from rtp import wav
from svar import talking
from svar.canary_watch import CanaryWatch
from svar.config import Config
from svar.edition import Edition, Press
from svar.flows_in_service import FlowsInService
from svar.folder_watch import FolderWatch
from svar.parts import Parts
from svar.routing_in_service import RoutingInService
from svar.storage import Storage

MIRROR, COPIES = "flows/store", "flows/copies"
"""Below the state folder: the versions that were served, and copies of them to serve from."""
SLICE = 10
"""Texts looked at in one go, so that calls are not held up meanwhile."""


async def spoken(config: Config, said: Iterable[Said], flows: Path) -> SpokenPrompts:
    """The sound of these texts, ready, with the recordings below `flows`."""
    prompts = SpokenPrompts(Path(config.node.state) / "prompts", flows / "prompts", wav.a_law)
    try:
        for some in _slices(said):
            prompts.prepare(some)
            await asyncio.sleep(0)
        await prompts.start()
        await prompts.ready()
    except BaseException:
        await prompts.close()
        raise
    return prompts


def _slices(said: Iterable[Said]) -> Iterator[list[Said]]:
    rest = iter(said)
    while some := list(islice(rest, SLICE)):
        yield some


async def serve_flows(
    config: Config,
    routing: RoutingInService,
    identity: Identity,
    storage: Storage,
    parts: Parts,
    stack: AsyncExitStack,
    *,
    watch_folder: bool,
) -> FlowsInService:
    """The flows in service, which follow the store from now on; with `watch_folder` the configured folder instead.

    `routing` gets that of each version before contacts get its flows. Raises FlowFileError.
    """
    state, folder = Path(config.node.state), Path(config.flows.folder)

    def load(path: Path) -> FlowBook:
        return load_book(path, routing.views.known)

    async def speak(book: FlowBook, path: Path) -> SpokenPrompts:
        # Whoever is in a talk hears its words by the version that the contact is on.
        return await spoken(config, (*book.said(), *talking.SPOKEN), path)

    async def ready(edition: Edition, current: bool) -> None:
        await routing.serve(edition.book.routing, current=current)

    press = Press(state / COPIES, load, speak)
    mirror, report = FolderVersions(state / MIRROR), storage.reports.tell
    flows = FlowsInService(storage.versions, mirror, press, folder, storage.sink, identity, report, ready)
    stack.push_async_callback(flows.close)
    if watch_folder:
        watch = FolderWatch(flows, folder)
        await watch.start()
        parts.run(stack, "flows", watch.run())
        return flows
    await flows.start()
    parts.run(stack, "flows", flows.run())
    return flows


def watch_canary(
    flows: FlowsInService, identity: Identity, storage: Storage, parts: Parts, stack: AsyncExitStack
) -> CanaryWatch:
    """Judge the canary from now on."""
    watch = CanaryWatch(storage.versions, storage.arms, lambda: flows.pointer, identity)
    parts.run(stack, "canary", watch.run())
    return watch


def shown(flows: FlowsInService, watch: CanaryWatch, health: Health) -> list[Labelled]:
    """What is seen of them in /health, and in /metrics by labels."""
    health.add("flows", flows.check)
    version = "Versjon av flytene: 1 for each version of the flows that new contacts get, by arm"
    return [
        Labelled("flows_in_service", version, ("version", "arm"), flows.in_service),
        Labelled(
            "flows_contacts_total", "Nye henvendelser: new contacts of this node, by arm", ("arm",), flows.contacts
        ),
        Labelled(
            "canary_contacts",
            "Prøveversjon: contacts since the canary began, by arm and what became of them, over all nodes",
            ("arm", "outcome"),
            watch.tallies,
        ),
    ]
