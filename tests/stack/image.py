"""`python -m tests.stack.image`: what `deploy/Dockerfile` does, step by step in a folder, where there is no engine.

Installs the locked packages by its own `pip` line, copies what it copies, and runs the result as somebody who may not
write to it: the command line, a check of the first service, a node until its health check is content. As root that is
the image's own user, 10001.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.ports import free_port
from tests.stack.shipped import DEPLOY, ROOT, instructions

USER = 10001


class Image:
    """The image's root is `root`; its paths below /opt, /build and /usr/local are there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "var/lib/svar"
        self.port = free_port()
        self._told = instructions(DEPLOY / "Dockerfile")

    def put(self, text: str) -> str:
        for path in ("/opt/", "/build/", "/usr/local/bin/", "/var/lib/svar"):
            text = text.replace(path, f"{self.root}{path}")
        return text

    def build(self) -> None:
        for kind, words in self._told:
            if kind == "COPY" and not words.startswith("--from"):
                self._copy(*words.split())
            elif kind == "RUN" and not words.startswith(("groupadd", "install ")):
                here = self.put(words)
                if words.startswith("python "):
                    here = here.replace("python", _python(), 1)
                begun = time.monotonic()
                self._run(["sh", "-ec", here])
                print(f"{time.monotonic() - begun:6.1f} s  {words}")
        self.state.mkdir(parents=True)

    def _copy(self, source: str, target: str) -> None:
        to = Path(self.put(target))
        to.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, to)

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, check=True, cwd=self.root)

    def try_it(self) -> None:
        """Raises CalledProcessError, AssertionError."""
        config = self.root / "etc/svar"
        shutil.copytree(DEPLOY / "flows", config / "flows")
        text = f'[sip]\nport = {free_port()}\n[http]\nport = {self.port}\n[mqtt]\nurl = "off"\n'
        (config / "svar.toml").write_text(text)
        told = dict(self._told)
        as_user: list[str] = []
        if os.geteuid() == 0:
            os.chown(self.state, USER, USER)
            self.root.chmod(0o755)
            as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        environment = {
            "PATH": f"{self.root}/opt/venv/bin:{self.root}/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": f"{self.root}/opt/svar",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SVAR_STATE": str(self.state),
        }
        entry, serve = yaml.safe_load(told["ENTRYPOINT"]), yaml.safe_load(told["CMD"])
        serve = [word.replace("/etc/svar", str(config)) for word in serve]
        for words in (["--help"], ["check", *serve[1:3]]):
            done = subprocess.run(
                [*as_user, *entry, *words], env=environment, cwd=self.state, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            print("ok      ", *entry, *words)
        with subprocess.Popen([*as_user, *entry, *serve], env=environment, cwd=self.state) as node:
            try:
                self._until_well(told["HEALTHCHECK"], environment)
            finally:
                node.terminate()
        assert node.returncode == 0, node.returncode
        print("ok       it served, its health check was content, and it stopped in order")

    def _until_well(self, check: str, environment: dict[str, str]) -> None:
        words = yaml.safe_load(check.partition("CMD ")[2])
        here = [word.replace(":8080/", f":{self.port}/") for word in words]
        end = time.monotonic() + 120
        while subprocess.run(here, env=environment, capture_output=True, check=False).returncode:
            assert time.monotonic() < end, "the health check is not content"
            time.sleep(0.5)


def _python() -> str:
    """One that the image's user may run too, where there is one: not everybody may look into a home."""
    return next((one for one in ("/usr/bin/python3", "/usr/local/bin/python3") if _fits(one)), sys.executable)


def _fits(python: str) -> bool:
    asked = [python, "-c", "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"]
    return Path(python).exists() and subprocess.run(asked, capture_output=True, check=False).returncode == 0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="svar-image-") as folder:
        image = Image(Path(folder))
        image.build()
        size = sum(path.stat().st_size for path in image.root.rglob("*") if path.is_file())
        print(f"{size / 1e6:.0f} MB beside the base")
        image.try_it()


if __name__ == "__main__":
    main()
