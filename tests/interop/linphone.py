"""linphone without a sound card, told on its standard input what to do."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.interop.peers import require
from tests.interop.phones import written
from tests.interop.sound import write_tone
from tests.ports import free_port

WAIT_S = 15.0
SOUND_S = 60.0

# A name and not an address: linphone does not find an IP address in a certificate.
CONFIG = """\
[sip]
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
bind_address=127.0.0.1
root_ca={ca}
verify_server_certs=1
verify_server_cn=1
media_encryption=srtp
media_encryption_mandatory=1
default_proxy=0
contact=sip:{user}@localhost
[rtp]
audio_rtp_port={rtp_port}
[sound]
playback_dev_id=none
capture_dev_id=none
ringer_dev_id=none
[proxy_0]
reg_proxy=<sip:localhost:{port};transport=tls>
reg_identity=sip:{user}@localhost
reg_expires=600
reg_sendregister=1
[auth_info_0]
username={user}
passwd={password}
realm=svar
domain=localhost
"""


class Linphone:
    """It says a tone into its latest call and records what it hears."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.heard = folder / "heard.wav"
        self._log = folder / "log"
        self._said = ""
        self._process = process
        self._reading = asyncio.create_task(self._read())

    async def command(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def says(self, text: str, nth: int = 1) -> None:
        """Wait until it has said `text` for the nth time."""
        await self._until(lambda: self._said.count(text) >= nth, f"{text!r}")

    async def logs(self, text: str) -> None:
        """Wait for `text` in its log."""
        await self._until(lambda: text in self.log(), f"{text!r} in its log")

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while not condition():  # noqa: ASYNC110 - neither a log nor a terminal tells anybody
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"linphone: no {what}, but {self._said}\n{self.log()[-3000:]}") from None

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(4096):
            self._said += data.decode(errors="replace")

    async def close(self) -> None:
        """It takes its registration back where it can."""
        if self._process.returncode is None:
            await self.command("quit")
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._reading


@asynccontextmanager
async def linphone(
    folder: Path, user: str, port: int, *, password: str, ca: str, tone_hz: int
) -> AsyncIterator[Linphone]:
    """It registers over TLS, checks the server's certificate by `ca`, takes every call, and wants SRTP."""
    program = require("linphonec")
    config = CONFIG.format(user=user, port=port, password=password, ca=ca, rtp_port=free_port())
    (folder / ".local" / "share" / "linphone").mkdir(parents=True)
    written(folder / "linphonerc", config)
    write_tone(folder / "sound.wav", tone_hz, SOUND_S)
    process = await asyncio.create_subprocess_exec(
        program, "-c", str(folder / "linphonerc"), "-d", "5", "-l", str(folder / "log"), "-a",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    phone = Linphone(folder, process)
    try:
        await phone.command("soundcard use files")
        await phone.command(f"play {folder / 'sound.wav'}")
        await phone.command(f"record {phone.heard}")
        yield phone
    finally:
        await phone.close()
