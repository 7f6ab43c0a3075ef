"""Real phones for tests: baresip without a sound card, and pyVoIP, each in a process of its own."""

import asyncio
import json
import os
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tests.interop.peers import child, require
from tests.interop.sound import write_tone
from tests.ports import free_port, free_ports
from tests.svar.system.installation import START_S, borrow_spoken, keep_spoken

ROOT = Path(__file__).parent.parent.parent
MODULES = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")
PYVOIP_PHONE = Path(__file__).parent / "pyvoip_phone.py"
SOUND_S = 60.0
WAIT_S = 15.0

CONFIG = """\
poll_method epoll
sip_listen {address}:{sip_port}
net_interface {address}
call_local_timeout 120
call_max_calls 4
audio_source aufile,{sound}
audio_player aubridge,nobody
audio_alert aubridge,alert
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
rtp_ports 50000-59998
ringback_disabled yes
menu_bell no
module_path {modules}
module g711.so
module srtp.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {folder}
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A node of the example service in a process of its own."""

    sip_port: int
    http_port: int
    state: Path

    def password(self, agent: str) -> str:
        return str(json.loads((self.state / "agents.json").read_text())[agent])


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    """`svar serve` with the example service on free ports, ready; it is gone when the block ends."""
    environment = {**os.environ, "SVAR_STATE": str(folder / "state"), "SVAR_SIP_PORT": "0", "SVAR_HTTP_PORT": "0"}
    config = written(folder / "svar.toml", _config())
    borrow_spoken(folder / "state")
    async with logged(
        folder / "serve.log", sys.executable, "-m", "svar", "serve", "--config", str(config), environment=environment
    ) as process:
        line = await _ready_line(folder / "serve.log", process)
        ports = [int(word.rpartition(":")[2]) for word in line.split()[2:4]]
        yield Served(ports[0], ports[1], folder / "state")
        keep_spoken(folder / "state")


@asynccontextmanager
async def logged(
    log: Path, *command: str, environment: dict[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child whose output goes to a file; it is gone when the block ends."""
    with _opened(log) as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            await _end(process)


def _opened(path: Path) -> BinaryIO:
    return path.open("wb")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _config() -> str:
    """The example, which also takes `sip:127.0.0.1` without its port for itself: pyVoIP never writes the port."""
    text = (ROOT / "deploy" / "example.toml").read_text().replace('"../flows"', f'"{ROOT / "flows"}"')
    return text + '\n[sip]\ndomains = ["svar.localhost", "127.0.0.1"]\n'


async def _ready_line(log: Path, process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            for line in _text(log).splitlines():
                if line.startswith("svar ready "):
                    return line
            await asyncio.sleep(0.05)
    raise AssertionError(f"svar did not start:\n{_text(log)}")


def _is_whole(path: Path) -> bool:
    """Whether a WAV file has its header, and in it a length."""
    try:
        with wave.open(str(path)) as file:
            return bool(file.getnframes())
    except (wave.Error, EOFError):
        return False


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


class Baresip:
    """One baresip, told by its control port what to do. Events are kept, and waited for by name."""

    def __init__(self, folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[dict[str, Any]] = []
        self._folder = folder
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def registered(self) -> None:
        """Wait until it is registered, by its log: the event may have come before the control connection."""
        try:
            async with asyncio.timeout(WAIT_S):
                while "binding]" not in self.log():  # noqa: ASYNC110 - a log tells nobody
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"baresip did not register:\n{self.log()[-3000:]}") from None

    async def command(self, name: str, parameters: str = "") -> None:
        data = json.dumps({"command": name, "params": parameters}).encode()
        self._writer.write(b"%d:%s," % (len(data), data))
        await self._writer.drain()

    async def dial(self, uri: str) -> None:
        await self.command("dial", uri)

    async def answer(self) -> None:
        await self.command("accept")

    async def press(self, keys: str) -> None:
        """Keys by RFC 4733, to the current call."""
        for key in keys:
            await self.command("sndcode", key)
            await asyncio.sleep(0.2)

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def event(self, kind: str, nth: int = 1, *, wait_s: float = WAIT_S) -> dict[str, Any]:
        """The nth event of a kind (CALL_ESTABLISHED, CALL_CLOSED, REGISTER_OK, …), whenever it came."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event.get("type") == kind][nth - 1 :]

        try:
            async with asyncio.timeout(wait_s), self._news:
                await self._news.wait_for(found)
        except TimeoutError:
            kinds = [event.get("type") for event in self.events]
            raise AssertionError(
                f"baresip told no {kind} within {wait_s} s, but {kinds}\n{self.log()[-3000:]}"
            ) from None
        return found()[0]

    def log(self) -> str:
        return _text(self._folder / "log")

    def heard(self) -> Path:
        """The WAV file of what the latest call heard. Whole once the call is over."""
        files = sorted(self._folder.glob("dump-*-dec.wav"))
        assert files, f"baresip heard nothing:\n{self.log()[-3000:]}"
        return files[-1]

    async def recorded(self) -> Path:
        """The same, once baresip has written it to its end, which it does after it tells that the call is closed."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not _is_whole(self.heard()):  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.heard()} was not written to its end\n{self.log()[-3000:]}") from None
        return self.heard()

    async def _read(self) -> None:
        """Netstrings of JSON."""
        while True:
            try:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads((await self._reader.readexactly(size + 1))[:-1])
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            async with self._news:
                if message.get("event"):
                    self.events.append(message)
                self._news.notify_all()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()


@asynccontextmanager
async def baresip(
    folder: Path,
    user: str,
    server_port: int,
    *,
    password: str = "",
    answers: bool = False,
    tone_hz: int = 440,
    srtp: str = "",
    sip_port: int = 0,
    transport: str = "",
    ca: str = "",
    host: str = "127.0.0.1",
    address: str = "127.0.0.1",
) -> AsyncIterator[Baresip]:
    """A baresip on loopback that says a tone; with a password it registers. `answers`: it takes every call.

    `srtp`: "srtp" offers it beside plain RTP, "srtp-mand" insists. `transport`: "tcp" or "tls", with the authority's
    file `ca`. `host`: the server's address; `address`: the phone's own.
    """
    program = require("baresip")
    control_port = free_port()
    sound = folder / "sound.wav"
    uri = f"sip:{user}@{host}:{server_port}" + (f";transport={transport}" if transport else "")
    account = f"<{uri}>;audio_codecs=pcma;answermode={'auto' if answers else 'manual'}"
    account += f";auth_user={user};auth_pass={password};regint=60" if password else ";regint=0"
    account += f";mediaenc={srtp}" if srtp else ""
    config = CONFIG.format(
        address=address,
        sip_port=sip_port or free_stream_port(address),
        control_port=control_port,
        sound=sound,
        folder=folder,
        modules=_modules(),
    )
    config += f"sip_cafile {ca}\n" if ca else ""
    for name, content in (("config", config), ("accounts", account + "\n"), ("contacts", "")):
        written(folder / name, content)
    write_tone(sound, tone_hz, SOUND_S)
    async with logged(folder / "log", program, "-f", str(folder), "-v", "-s"):
        phone = Baresip(folder, *await _connected(control_port, folder))
        try:
            if password:
                await phone.registered()
            yield phone
        finally:
            await phone.close()


async def _connected(port: int, folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    return await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"baresip did not start:\n{_text(folder / 'log')}") from None


def _modules() -> str:
    return next((place for place in MODULES if Path(place).is_dir()), MODULES[0])


def free_stream_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has, over UDP and TCP, and the next one, which baresip takes for TLS."""
    return free_ports(2, host)


@asynccontextmanager
async def pyvoip(
    way: str, user: str, server_port: int, password: str, heard: Path, *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """pyVoIP as `call NUMBER SECONDS` or `answer SECONDS`; what it hears goes to `heard`. It tells on its output."""
    command = [
        sys.executable, str(PYVOIP_PHONE), way, user, password, str(server_port), str(free_port()), str(heard),
        *arguments,
    ]  # fmt: skip
    async with child(command) as process:
        yield process
