"""svar publish: put the flows' folder into service, for everybody or for a share, once it has passed the gates."""

import asyncio
import getpass
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from acd import pointing
from acd.pointing import Pointless, Step, Who
from acd.serving import Serving
from acd.versions import Content, Pointer, Version, VersionError, VersionId, identify, listing, short
from ivr.versions.content import read_content, write_content
from svar import checks, endpoint, gates, trials
from svar.commands.serve import EXAMPLE
from svar.commands.telling import FAULTS, REFUSED
from svar.config import Config, load
from svar.flow_store import FlowStore, open_store
from svar.gates import Verdict
from svar.phones.units import seconds

FIRST = "Publish the routing first, for everybody, and then the flows"
NOT_SERVED = 3
"""The exit code where it is published and a node does not serve it."""
_REFUSES = " refuses it, "
TAKEN_WITHIN_S = 10.0
DEPLOYED = ("queue", "destination", "lookup", "sms", "mailbox")
LACKING = (
    "  put it into the configuration that this node reads; it takes new queues by `kill -HUP`, the rest by a restart, "
    "and then tries this version again by itself"
)

_SHARE = re.compile(r"(\d{1,2}(?:\.\d+)?) ?%")
CONFIGURATION = typer.Option(help="configuration file")
AUTHOR = typer.Option(help="who does it; without it the name of the user")
MESSAGE = typer.Option("--message", "-m", help="what it is for")


@dataclass(frozen=True, slots=True)
class Wish:
    """How a version is to be published. `share` 0: for everybody."""

    share: float
    promote_after_s: int
    force: bool


def publish(
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    message: Annotated[str, MESSAGE] = "",
    author: Annotated[str, AUTHOR] = "",
    share: Annotated[str, typer.Option(help="only for so many of the new contacts, as in 10%")] = "",
    promote_after: Annotated[
        str, typer.Option(help="with --share: for everybody after so long, as in 2h, if nothing is worse by then")
    ] = "",
    promote: Annotated[bool, typer.Option("--promote", help="what a share gets now is for everybody")] = False,
    force: Annotated[bool, typer.Option("--force", help="though a gate refuses it; this is written down")] = False,
) -> None:
    """Check, test, and put the flows' folder into service: new contacts get it within a second, nobody is cut off."""
    try:
        settings = load(config, os.environ)
        checks.check(settings)
        who = whoever(settings, author, message)
        if promote:
            if share or promote_after or force:
                raise ValueError("--promote stands alone: it takes the version that a share of the callers gets now")
            told = asyncio.run(_promote(settings, who))
        else:
            wish = Wish(_share(share), int(seconds(promote_after)) if promote_after else 0, force)
            if wish.promote_after_s and not wish.share:
                raise ValueError("--promote-after goes with --share")
            told = asyncio.run(_publish(settings, who, wish))
    except FAULTS as fault:
        print(f"svar publish: {fault}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    for line in told:
        print(line)
    if any(_REFUSES in line for line in told):
        raise typer.Exit(NOT_SERVED)


async def _publish(config: Config, who: Who, wish: Wish) -> list[str]:
    folder = Path(config.flows.folder)
    content = read_content(folder)
    id_ = identify(listing(content))
    async with open_store(config) as store:
        seen = await store.versions.pointer()
        _step(seen, id_, who, wish)  # what is pointless is told before the gates run, which may take a while
        verdicts = await asyncio.to_thread(_examined, config, content, folder)
        _tell(verdicts)
        if wish.share and seen.active:
            served = await store.versions.content(seen.active)
            if missing := await asyncio.to_thread(trials.lacking, config, content, served):
                raise VersionError(
                    f"{'; '.join(missing)}: a version on trial runs with the routing in service. {FIRST}"
                )
        forced = not all(verdict.passed for verdict in verdicts)
        if forced and not wish.force:
            raise VersionError(f"nothing was published, what is in service goes on{_though(verdicts)}")
        records = tuple(verdict.record() for verdict in verdicts)
        version = Version(id_, who.author, who.message, seen.active, records, forced)
        await store.versions.keep(version, content)
        step = _step(seen, id_, who, wish, forced=forced)
        moved = await store.versions.move(seen.sequence, step.to, step.move, step.events)
        files = f"{len(content)} files, {sum(map(len, content.values())):,} bytes"
        first = f"version {short(id_)}: {files}{', published against a gate' if forced else ''}"
        return [first, *live(store, moved), *await taken(store, moved)]


def _step(seen: Pointer, id_: VersionId, who: Who, wish: Wish, *, forced: bool = False) -> Step:
    """Raises Pointless."""
    if wish.share:
        after_s = wish.promote_after_s
        return pointing.start_canary(seen, id_, wish.share, who, promote_after_s=after_s, forced=forced)
    return pointing.publish(seen, id_, who, forced=forced)


def _examined(config: Config, content: Content, folder: Path) -> list[Verdict]:
    """What is examined is what will be published, whatever is done to the folder meanwhile."""
    with tempfile.TemporaryDirectory(prefix="svar-publish-") as temporary:
        copy = Path(temporary) / "flows"
        write_content(content, copy)
        return gates.examine(config, copy, folder)


def _though(verdicts: Sequence[Verdict]) -> str:
    """Nodes refuse what does not even pass the check, whoever forces it."""
    refused = next((verdict.name for verdict in verdicts if not verdict.passed), "check")
    return "" if refused == "check" else f"; --force publishes it though {refused} refuses it, and is written down"


def _tell(verdicts: Sequence[Verdict]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for verdict in verdicts:
        for line in verdict.lines:
            print(line, file=sys.stderr)
        style = "green" if verdict.passed else "red"
        console.print(f"{verdict.name:<8} [{style}]{verdict.told}[/{style}]")


async def _promote(config: Config, who: Who) -> list[str]:
    async with open_store(config) as store:
        seen = await store.versions.pointer()
        if seen.canary is None:
            raise Pointless("no version is on trial; `svar publish --share 10%` begins one")
        step = pointing.publish(seen, seen.canary.version, who)
        moved = await store.versions.move(seen.sequence, step.to, step.move, step.events)
        return [f"version {short(moved.active)} is promoted", *live(store, moved), *await taken(store, moved)]


def live(store: FlowStore, pointer: Pointer) -> list[str]:
    """What callers get from now on, and where."""
    if pointer.canary is None:
        lines = [f"all new contacts get {short(pointer.active)}"]
    else:
        canary = pointer.canary
        share = f"{canary.share * 100:.3g} %"
        lines = [f"{share} of new contacts get {short(canary.version)}, the others {short(pointer.active)}"]
        lines.append("it is taken back by itself when it is worse: `svar versions` shows how it does")
        if canary.promote_after_s:
            lines.append(f"it is for everybody after {canary.promote_after_s / 60:g} min if nothing is worse by then")
    if not store.nodes:
        lines.append(f"no node runs; it stands in {store.where}, and the next start serves it")
    return lines


async def taken(store: FlowStore, pointer: Pointer) -> list[str]:
    """What the nodes made of it, each in a line."""
    said = {one.node: one for one in await store.taken(pointer.sequence, TAKEN_WITHIN_S)}
    return [_told(node, said.get(node)) for node in store.nodes]


def _told(node: str, said: Serving | None) -> str:
    if said is None:
        return f"{node} is not ready after {TAKEN_WITHIN_S:g} s; new texts may have to be spoken first: see its /health"
    if not said.refused:
        return f"{node} serves it"
    hint = f"\n{LACKING}" if any(f"there is no {kind} " in said.refused for kind in DEPLOYED) else ""
    return f"{node}{_REFUSES}and goes on as before: {said.refused}{hint}"


def whoever(config: Config, author: str, message: str) -> Who:
    """Who does this, for the record. Raises VersionError."""
    if not author:
        try:
            author = getpass.getuser()
        except (OSError, KeyError):
            raise VersionError("nobody knows who you are here: say it with --author") from None
    return Who(author, message, config.node.tenant, endpoint.node_name(config))


def _share(text: str) -> float:
    if not text:
        return 0.0
    found = _SHARE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"--share {text!r}: write a share of the new contacts such as 10%")
    return float(found[1]) / 100
