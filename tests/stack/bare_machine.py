"""`python -m tests.stack.bare_machine`: does what docs/operations.md tells a new operator, command by command, as root.

All of it happens in namespaces: what is written below /etc, /opt, /var/lib and /run is gone at the end, and once the
programs are there the network is a loopback that has 192.0.2.10. There is no systemd: a stand-in does what the unit
says, as the user that it says, and waits for its READY=1. Takes some minutes, two of them for the alarm. Needs the
packages that the page installs.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.stack.guide import commands
from tests.stack.shipped import ROOT

PROGRAMS = "### The programs"
HEADINGS = (
    "### The user, the certificates and the configuration",
    "### The node",
    "### The first log-in, and an agent",
    "### The console behind nginx",
    "### Figures and alarms",
    "### A node",
    "### A node comes back",
    "### A new version",
)
WRITTEN = ("/etc", "/opt", "/var/lib", "/var/backups")
SYSTEMCTL = re.compile(r"systemctl (daemon-reload|enable --now|disable --now|start|stop|restart|reload|status) ?(.*)")
DEBIAN = {
    "prometheus": "prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/run/prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager --config.file=/etc/prometheus/alertmanager.yml "
    "--storage.path=/run/alertmanager",
    "nginx": "nginx -g 'daemon off;'",
}
"""What Debian's units run, but for where it is kept."""
ALARM_S = 180.0


class Systemd:
    """As much of it as the page asks for."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def do(self, verb: str, names: str) -> None:
        for name in names.split():
            match verb.split()[0]:
                case "enable" | "start" | "restart":
                    self.stop(name)
                    self.start(name)
                case "stop":
                    self.stop(name)
                case "reload" if name not in self._running:
                    self.start(name)
                case "status":
                    assert self._running[name].poll() is None, f"{name} has ended"

    def start(self, name: str) -> None:
        if name in DEBIAN:
            given = f"[ -e /etc/default/{name} ] && . /etc/default/{name}; exec {DEBIAN[name]} $ARGS"
            self._running[name] = subprocess.Popen(["sh", "-c", given])
            time.sleep(2)  # its own unit tells nobody either
            assert self._running[name].poll() is None, f"{name} ended"
        else:
            self._running[name] = _by_unit(name)

    def stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def end(self) -> None:
        for name in list(self._running):
            self.stop(name)


def _by_unit(name: str) -> subprocess.Popen[bytes]:
    """An instance of our unit, once it has said READY=1."""
    template, _, instance = name.partition("@")
    text = Path(f"/etc/systemd/system/{template}@.service").read_text().replace("%i", instance)
    told = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]\w+=", line))
    state = Path("/var/lib") / told["StateDirectory"]
    state.mkdir(mode=int(told["StateDirectoryMode"], 8), parents=True, exist_ok=True)
    shutil.chown(state, told["User"], told["Group"])
    place = f"/run/notify-{instance}"
    Path(place).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(place)
        os.chmod(place, 0o777)
        ear.settimeout(float(told["TimeoutStartSec"]))
        as_user = ["setpriv", "--reuid", told["User"], "--regid", told["Group"], "--clear-groups", "--no-new-privs"]
        environment = dict(one.split("=", 1) for one in told["Environment"].split())
        environment |= {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": place, "WATCHDOG_USEC": "30000000"}
        how = {"env": environment, "cwd": told["WorkingDirectory"]}
        subprocess.run([*as_user, *told["ExecStartPre"].split()], check=True, **how)  # type: ignore[call-overload]
        process: subprocess.Popen[bytes] = subprocess.Popen([*as_user, *told["ExecStart"].split()], **how)  # type: ignore[call-overload]
        heard = b""
        while b"READY=1" not in heard:
            heard = ear.recv(1000)
        print("  systemd heard:", heard.decode().replace("\n", " "))
    return process


class Pager(BaseHTTPRequestHandler):
    """The webhook that alertmanager.yaml names."""

    woken: list[str] = []  # noqa: RUF012 - one pager

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.woken += [one["labels"]["alertname"] for one in told["alerts"]]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


def _here(line: str) -> str:
    """What differs on this machine."""
    line = line.replace("YOUR-COPY-OF-SVAR", str(ROOT)).replace("git clone ", "git -c safe.directory=* clone -q ")
    return line.replace("NEW-VERSION", "HEAD").replace("2026-11-22", time.strftime("%Y-%m-%d"))


def _shims(folder: Path) -> None:
    """sudo, where it is not installed."""
    sudo = folder / "sudo"
    sudo.write_text('#!/bin/sh\n[ "$1" = -u ] && { u=$2; shift 2; exec runuser -u "$u" -- env "$@"; }\nexec env "$@"\n')
    sudo.chmod(0o755)


def follow(headings: Sequence[str]) -> None:
    """The page below these headings. Raises CalledProcessError, AssertionError."""
    systemd, pager = Systemd(), HTTPServer(("127.0.0.1", 9095), Pager)
    threading.Thread(target=pager.serve_forever, daemon=True).start()
    bin_ = Path("/run/bin")
    bin_.mkdir(exist_ok=True)
    _shims(bin_)
    os.environ["PATH"] = f"{bin_}:/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        for heading in headings:
            print(f"\n{heading.lstrip('# ')}", flush=True)
            _section(heading, systemd)
    finally:
        systemd.end()


def _section(heading: str, systemd: Systemd) -> None:
    lines = commands(heading)
    script: list[str] = []
    for line in [*lines, ""]:
        asked = SYSTEMCTL.fullmatch(line.removeprefix("sudo "))
        if asked is None and line and not line.startswith("apt-get "):
            script.append(_here(line))
            continue
        if script:
            print("  " + "\n  ".join(script), flush=True)
            subprocess.run(["bash", "-ec", "\n".join(script)], check=True, cwd="/")
            script = []
        if asked is not None:
            print(f"  {line}", flush=True)
            systemd.do(asked[1], asked[2])
            if heading == "### Figures and alarms" and asked[1] == "stop":
                _until_woken()
        elif line:
            _installed(line)


def _installed(line: str) -> None:
    packages = line.split("-y ")[1].split()
    asked = ["dpkg-query", "-W", "-f=${Package} ${Status}\n", *packages]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    missing = [name for name in packages if f"{name} install ok installed" not in told.stdout]
    print(f"  {line}\n  (installed: all but {', '.join(missing) or 'none'})")


def _until_woken() -> None:
    begun = time.monotonic()
    while not Pager.woken:
        assert time.monotonic() - begun < ALARM_S, "nobody was woken"
        time.sleep(1)
    print(f"  woken after {time.monotonic() - begun:.0f} s by {', '.join(Pager.woken)}")


def enter() -> None:
    """Begin again in namespaces of our own."""
    words = [sys.executable, "-m", "tests.stack.bare_machine"]
    steps = ["mount -t tmpfs tmpfs /run", "mount -t proc proc /proc"]
    for folder in WRITTEN:
        above, work = f"/run/above{folder}", f"/run/work{folder}"
        steps.append(f"mkdir -p {above} {work}")
        steps.append(f"mount -t overlay overlay -o lowerdir={folder},upperdir={above},workdir={work} {folder}")
    rest = f"ip link set lo up; ip addr add 192.0.2.10/32 dev lo; exec {shlex.join([*words, 'rest'])}"
    steps += [shlex.join([*words, "programs"]), f"exec unshare -n sh -ec {shlex.quote(rest)}"]
    command = ["unshare", "-m", "-p", "-f", "sh", "-ec", "\n".join(steps)]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["programs"]:
            follow([PROGRAMS])
        case ["rest"]:
            follow(HEADINGS)
            print("\nthe page was followed to its end")
        case _:
            enter()
