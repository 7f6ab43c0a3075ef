"""`deploy/compose.yaml` without an engine: services laid out in folders, with paths and addresses put in.

A container's path becomes one below the service's folder, its addresses become ones of loopback that nobody else has,
and every port stays as it is shipped.
"""

import os
import random
import re
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MADE = "./secrets/"
"""Where `deploy/secrets.sh` puts what it makes, as the compose file has it."""
_NAMED = {"svar-1": 21, "svar-2": 22, "alertmanager": 41, "grafana": 42}
"""Those that others know by name and not by address, in the network `watch`."""
_TEXT = (".toml", ".conf", ".cfg", ".list", ".yaml", ".yml", ".json", "acl")


def compose() -> dict[str, Any]:
    """The compose file, its merges done."""
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return read


def instructions(file: Path, target: str = "") -> list[tuple[str, str]]:
    """A Dockerfile's instructions with their arguments: all of them, or those of the stage `target`."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE))
    found = [(words[0].upper(), words[1].strip()) for line in text.splitlines() if (words := line.split(None, 1))]
    if not target:
        return found
    begins = next(n for n, (kind, told) in enumerate(found) if kind == "FROM" and told.endswith(f" AS {target}"))
    ends = next((n for n, (kind, _) in enumerate(found[begins + 1 :], begins + 1) if kind == "FROM"), len(found))
    return found[begins:ends]


@dataclass(frozen=True, slots=True)
class Loopback:
    """Addresses of loopback in place of those that are shipped. `mark` keeps them ours."""

    second: int
    mark: socket.socket
    puts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def taken(cls) -> "Loopback":
        """A network below 127 that no other run of the tests has."""
        for second in random.sample(range(16, 250), 100):
            mark = socket.socket()
            try:
                mark.bind((f"127.{second}.0.1", 9))
            except OSError:
                mark.close()
                continue
            made = cls(second, mark)
            # What rtpengine sends to a node comes from 127.0.0.1, whatever its control port is bound to.
            made.puts.update({f"172.28.10.1:222{n}": f"127.0.0.1:{free_port()}" for n in (1, 2)})
            made.puts.update({f"{name}:": f"127.{second}.30.{host}:" for name, host in _NAMED.items()})
            return made
        raise AssertionError("no network of loopback is free")

    def __call__(self, text: str) -> str:
        for shipped, ours in self.puts.items():
            text = (
                re.sub(rf"(?<![\w.-]){re.escape(shipped)}(?=\d)", ours, text)
                if shipped[-1] == ":"
                else text.replace(shipped, ours)
            )
        text = text.replace("192.0.2.", f"127.{self.second}.2.").replace("198.51.100.", f"127.{self.second}.100.")
        return re.sub(r"\b172\.28\.(\d+)\.", rf"127.{self.second}.\1.", text)


@dataclass(slots=True)
class Service:
    """One service of the compose file in a folder of its own below `base`, which has the secrets and volumes too."""

    name: str
    base: Path
    loopback: Loopback
    spec: dict[str, Any] = field(init=False)
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.spec = compose()["services"][self.name]
        self.root = self.base / self.name

    def address(self, network: str) -> str:
        return self.loopback(str(self.spec["networks"][network]["ipv4_address"]))

    def mounts(self) -> list[tuple[str, str]]:
        """Source and target of each; a source without a slash is a volume."""
        return [(str(one).split(":")[0], str(one).split(":")[1]) for one in self.spec.get("volumes", [])]

    def secrets(self) -> list[tuple[str, str]]:
        """Name of each, and of the file that the service sees."""
        given = self.spec.get("secrets", [])
        return [(one, one) if isinstance(one, str) else (one["source"], one["target"]) for one in given]

    def places(self) -> dict[str, str]:
        """Where each path of the container is here, the longest first."""
        found = {target: str(self.root / target.lstrip("/")) for _, target in self.mounts()}
        found |= {target: str(self.base / "volumes" / source) for source, target in self.mounts() if "/" not in source}
        tmpfs = [str(one).partition(":")[0] for one in self.spec.get("tmpfs", [])]
        found |= {target: str(self.root / target.lstrip("/")) for target in (*tmpfs, "/run/secrets")}
        return dict(sorted(found.items(), key=lambda one: -len(one[0])))

    def put(self, text: str) -> str:
        """Paths and addresses as they are here. A folder that files are mounted in is named too."""
        here = self.places()
        parents = {str(Path(target).parent): str(Path(place).parent) for target, place in here.items()}
        every = {**parents, **here}
        every.pop("/", None)
        names = "|".join(re.escape(one) for one in sorted(every, key=len, reverse=True))
        text = re.sub(rf"(?<![\w./-])({names})(?![\w-])", lambda match: every[match[1]], text)
        return self.loopback(text)

    def lay(self) -> None:
        """Every file where the service looks for it, with its text as it is here."""
        for target, place in self.places().items():
            if any(target == mounted and "/" not in source for source, mounted in self.mounts()):
                Path(place).mkdir(parents=True, exist_ok=True)
        for source, target in self.mounts():
            if "/" in source:
                made = source.startswith(MADE)
                self._copy(self.base / source.removeprefix("./") if made else DEPLOY / source, self.root / target[1:])
        for name, seen in self.secrets():
            mounted = self.root / "run/secrets" / seen
            mounted.parent.mkdir(parents=True, exist_ok=True)
            os.link(self.base / compose()["secrets"][name]["file"], mounted)  # the same file, as a mount is
        for one in self.spec.get("tmpfs", []):
            (self.root / str(one).partition(":")[0].lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _copy(self, source: Path, to: Path) -> None:
        if source.is_dir():
            for file in (one for one in source.rglob("*") if one.is_file()):
                self._copy(file, to / file.relative_to(source))
            return
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, to)
        if source.name.endswith(_TEXT):
            to.write_text(self.put(source.read_text()))

    def edit(self, target: str, *changes: tuple[str, str], add: str = "") -> Path:
        """Put something else into a file that is laid out; each text has to be there."""
        path = Path(self.put(target))
        text = path.read_text()
        for old, new in changes:
            assert old in text, f"{target} has no {old!r}"
            text = text.replace(old, new)
        path.write_text(text + add)
        return path

    def environment(self) -> dict[str, str]:
        return {name: self.put(str(value)) for name, value in self.spec.get("environment", {}).items()}

    def command(self) -> list[str]:
        """As the compose file has it, or the Dockerfile of an image of ours."""
        build = self.spec.get("build")
        words: list[str] = []
        if build is not None:
            told = dict(instructions(ROOT / build["dockerfile"], build.get("target", "")))
            words = [*yaml.safe_load(told["ENTRYPOINT"]), *yaml.safe_load(told.get("CMD", "[]"))]
        words = [*(self.spec.get("entrypoint") or words), *self.spec.get("command", [])]
        return [self.put(str(word)).replace("$$", "$") for word in words]
