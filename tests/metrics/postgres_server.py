"""A PostgreSQL of our own for tests: a cluster in a folder, on a unix socket alone, as somebody without rights."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_LONGEST_PATH = 80
_USER = "svar"
_OPTIONS = {
    # What is written is on its way when a child is killed; nobody cuts the power.
    "fsync": "off",
    "listen_addresses": "",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "jit": "off",
}


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, the newest; skips the test where there is none."""
    found = [path for pattern in _PLACES for path in sorted(Path("/").glob(f"{pattern[1:]}/initdb"))]
    if found:
        return found[-1].parent
    here = shutil.which("initdb")
    if here:
        return Path(here).parent
    if os.environ.get("CI"):
        pytest.fail("no PostgreSQL here: install postgresql")
    pytest.skip("no PostgreSQL here: install postgresql")


class PostgresServer:
    """Started by `with`; `stop` and `start` play its absence. `folder` is new, and its path short."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self._options = _OPTIONS | options
        self._binaries = binaries()
        self._made = 0
        self._child: subprocess.Popen[bytes] | None = None
        if len(str(folder)) > _LONGEST_PATH:
            raise ValueError(f"{folder}: too long for a unix socket")

    def url(self, database: str) -> str:
        """Without the password, which is not asked for on the socket."""
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def new(self) -> str:
        """The address of a database that is empty."""
        self._made += 1
        name = f"records{self._made}"
        self.do(f"CREATE DATABASE {name}", database="postgres")
        return self.url(name)

    def do(self, statement: str, database: str) -> str:
        """Have `psql` do it; gives what it prints, bare."""
        given = ["-h", str(self.folder), "-U", _USER, "-d", database, "-XAtqc", statement]
        done = subprocess.run([self._binaries / "psql", *given], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    @contextmanager
    def asking(self, user: str) -> Iterator[None]:
        """This user has to prove who they are (SCRAM)."""
        file = self.folder / "data" / "pg_hba.conf"
        before = file.read_text()
        file.write_text(f"local all {user} scram-sha-256\n{before}")
        self.do("SELECT pg_reload_conf()", "postgres")
        try:
            yield
        finally:
            file.write_text(before)
            self.do("SELECT pg_reload_conf()", "postgres")

    def start(self) -> None:
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(_without_rights(command), stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while subprocess.run([self._binaries / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            assert self._child.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: connections are cut, what was committed stands. SIGQUIT: as if it had crashed."""
        if self._child is not None:
            self._child.send_signal(how)
            self._child.wait(60)
            self._child = None

    def __enter__(self) -> "PostgresServer":
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        made: list[str | Path] = [
            self._binaries / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            _USER,
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run(_without_rights([*made, "--locale=C.UTF-8"]), check=True, capture_output=True, timeout=120)
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop(signal.SIGQUIT)


def _without_rights(command: Sequence[str | Path]) -> list[str | Path]:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return list(command)
    nobody = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", *command]
