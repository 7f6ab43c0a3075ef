"""svar serve: run a node until it is told to stop."""

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import structlog
import typer

from acd.distributor import DistributorError
from acd.versions import short
from console.server import ConsoleError
from ivr.language.problems import FlowFileError
from metrics.records import RecordsError
from svar import logs
from svar.compose import Node, Places
from svar.config import ConfigError, load
from svar.embedded.child import EmbeddedError
from svar.supervised import Supervisor

_log = structlog.get_logger(__name__)

ENDS_WITHIN_S = 30.0
"""After the calls in progress: events are sent, records written, children ended."""

EXAMPLE = Path(__file__).parent.parent.parent / "deploy" / "example.toml"

CANNOT_START = (ConfigError, FlowFileError, EmbeddedError, ConsoleError, RecordsError, DistributorError, OSError)


def serve(
    config: Annotated[Path, typer.Option(help="configuration file")] = EXAMPLE,
    json_logs: Annotated[bool, typer.Option("--json-logs/--text-logs", help="logs as JSON lines")] = False,
    debug: Annotated[bool, typer.Option(help="log more")] = False,
    watch_flows: Annotated[
        bool, typer.Option("--watch-flows", help="for development: serve the flows' folder as it changes")
    ] = False,
) -> None:
    """Run a node until Ctrl-C (or SIGTERM), then end it in order."""
    logs.configure(json=json_logs, debug=debug)
    try:
        asyncio.run(_serve(config, watch_flows=watch_flows))
    except CANNOT_START as error:
        print(f"svar cannot start:\n{error}", file=sys.stderr)
        raise typer.Exit(1) from None


async def _serve(path: Path, *, watch_flows: bool) -> None:
    config = load(path, os.environ)
    stopped, hurried = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        (hurried if stopped.is_set() else stopped).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    node, supervisor = Node(config), Supervisor(os.environ)
    async with supervisor.watched():
        await _until_stopped(node, supervisor, (stopped, hurried), path, watch_flows=watch_flows)


async def _until_stopped(
    node: Node, supervisor: Supervisor, asked: tuple[asyncio.Event, asyncio.Event], path: Path, *, watch_flows: bool
) -> None:
    stopped, hurried = asked
    loop = asyncio.get_running_loop()
    places = await _start(node, stopped, watch_flows=watch_flows)
    if places is None:
        print("stopped before it had started", flush=True)
        return
    loop.add_signal_handler(signal.SIGHUP, _reload, node, path)
    _spare_the_collector()
    print(greeting(node, places), flush=True)
    await node.passwords.shown(node.registering)
    print("\n".join(await flows_lines(node, watch_flows=watch_flows)), flush=True)
    print(ready_line(places), flush=True)
    supervisor.ready(ready_line(places))
    await stopped.wait()
    supervisor.stopping(node.config.limits.shutdown_s + ENDS_WITHIN_S)
    print("stopping: new calls get 503, calls in progress may end ... (once more ends them now)", flush=True)
    await node.stop(hurried)
    print("stopped", flush=True)


def _reload(node: Node, path: Path) -> None:
    """Read the file again; one with mistakes changes nothing but the certificates."""
    config = None
    try:
        config = load(path, os.environ)
    except ConfigError as error:
        _log.error("the configuration cannot be read again", error=str(error))
    node.reload(config)


async def _start(node: Node, stopped: asyncio.Event, *, watch_flows: bool) -> Places | None:
    """Start, unless a stop is asked for first: then what had begun is undone, and there is None."""
    starting, asked = asyncio.ensure_future(node.start(watch_flows=watch_flows)), asyncio.ensure_future(stopped.wait())
    await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    return None if starting.cancelled() else starting.result()


def _spare_the_collector() -> None:
    """What stands after the start never becomes garbage: looking through it cost pauses of 100-220 ms under load.

    The thresholds let short-lived objects of calls die by their reference counts before anybody looks for cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


def ready_line(places: Places) -> str:
    """The one line that scripts wait for."""
    told = f"svar ready sip={_written(places.sip)} http={_written(places.http)}"
    others = [one for one in places.streams if one.transport == "TLS" or one[:2] != places.sip]
    return " ".join([told, *(f"{one.transport.lower()}={_written(one[:2])}" for one in others)])


def without_password(url: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def greeting(node: Node, places: Places) -> str:
    """What to dial, how a phone registers, and where to look."""
    sip, http = _written(places.sip), _written(places.http)
    scheme = "https" if node.config.http.certificate else "http"
    over = [f"UDP at {sip}", *(f"{one.transport} at {_written(one[:2])}" for one in places.streams)]
    lines = ["", f"svar answers SIP over {', '.join(over)}", "", "Dial a service number:"]
    lines += [f"  sip:{number}@{sip:<24} {title}" for number, title in node.services]
    lines += ["", "An agent's phone registers as:"]
    for agent in node.registering:
        password = node.passwords.fresh.get(agent)
        shown = f"password {password}" if password else "password as shown where it was made"
        lines.append(f"  sip:{agent}@{sip}   {shown}")
    lines += passwords_lines(node, sip)
    lines += [
        "  ready *1   not ready *2   wrap-up done *3",
        "",
        f"Wallboard and flows: {scheme}://{http}/   {places.people}",
        f"Metrics: {scheme}://{http}/metrics   Health: {scheme}://{http}/health",
    ]
    lines += [f"MQTT: {without_password(places.mqtt)}"] if places.mqtt else []
    return "\n".join([*lines, "Ctrl-C stops it in order.", ""])


def passwords_lines(node: Node, sip: str) -> list[str]:
    """Where the passwords are that are not shown here, and what is kept of those that are."""
    state, alone = node.config.node.state, not node.config.redis.url
    lines = []
    if others := len(node.flows.active.book.routing.agents):
        where = f"{state}/agents.json" if alone else f"{state}/agents.new.json, until you delete it, if made here"
        lines.append(f"  sip:NAME@{sip}   {others} agents of the flows' routing; their passwords stand in {where}")
    if node.passwords.fresh.keys() & set(node.registering):
        kept = f"and kept in {state}/agents.json" if alone else "and kept nowhere"
        lines.append(f"  (passwords are shown this once {kept}; `svar agent password NAME --new` makes another)")
    return lines


async def flows_lines(node: Node, *, watch_flows: bool) -> list[str]:
    """Which flows are served, where that is not what stands in the configured folder."""
    folder, flows = node.config.flows.folder, node.flows
    if watch_flows:
        return [f"Flows: {folder}, served as it changes; what is published is not served here", ""]
    if not flows.active.id:
        return [f"Flows: {folder}, as it was at the start; `svar publish` puts changes into service", ""]
    lines = [f"Flows: version {flows.active.name}, which was published"]
    if flows.pointer.canary is not None:
        lines.append(f"  {flows.pointer.canary.share:.0%} of new contacts get {short(flows.pointer.canary.version)}")
    if await flows.differs():
        lines.append(f"  {folder} differs and is not served: `svar publish` puts it into service")
    return [*lines, ""]


def _written(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
