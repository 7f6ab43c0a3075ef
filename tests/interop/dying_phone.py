"""A phone written by hand that registers, rings once, and dies."""

import asyncio
import random
import re
from enum import Enum
from secrets import token_hex

from sip.message.auth import authorize, choose, read_challenges
from tests.light.phone import Phone
from tests.short_calls import Parsed, Send

_CHALLENGE = re.compile(rb"(?i)\r\nWWW-Authenticate: *([^\r]+)")


class Death(Enum):
    """What becomes of a phone after its 180."""

    SILENT = "says nothing more"
    UNREGISTERS = "unregisters, and says nothing more"
    CLOSED = "its socket closes"


class DyingPhone(Phone):
    """One agent's. `rung` is set when it was rung and has died of it. All of an agent's are one phone, restarted."""

    def __init__(self, target: tuple[str, int], agent: str, password: str, death: Death) -> None:
        super().__init__(target, random.Random())
        self.agent = agent
        self.rung = asyncio.Event()
        self._password = password
        self._death = death
        self._dead = False
        self._challenge = ""
        self._call_id = token_hex(8)
        self._cseq = 0

    async def register(self, expires_s: int = 600) -> None:
        """Raises AssertionError when it may not, TimeoutError when nobody answers."""
        answer = await self._registers(expires_s, "")
        assert answer.start.split()[1] == "401", answer.start
        challenge = choose(read_challenges([self._challenge]))
        assert challenge is not None
        proof = authorize(
            challenge, username=self.agent, password=self._password, method="REGISTER", uri=self._uri, cnonce="0a4f"
        )
        answer = await self._registers(expires_s, f"Authorization: {proof}\r\n")
        assert answer.start.split()[1] == "200", answer.start

    async def unregister(self) -> None:
        """Every phone of the agent."""
        self._dead = False
        await self.register(0)

    @property
    def _uri(self) -> str:
        return f"sip:{self.target[0]}:{self.target[1]}"

    async def _registers(self, expires_s: int, proof: str) -> Parsed:
        self._cseq += 1
        aor = f"<sip:{self.agent}@{self.target[0]}:{self.target[1]}>"
        branch, local = token_hex(6), f"{aor};tag={self._call_id}"
        head = self.head(
            "REGISTER", self._uri, branch, local=local, remote=aor, call_id=self._call_id, cseq=self._cseq
        )  # fmt: skip
        place = f'<sip:{self.agent}@127.0.0.1:{self.port}>;+sip.instance="<urn:x-phone:{self.agent}>"'
        contact = "*" if expires_s == 0 else place
        told: asyncio.Future[Parsed | None] = asyncio.get_running_loop().create_future()
        text = f"{head}Contact: {contact}\r\nExpires: {expires_s}\r\n{proof}Content-Length: 0\r\n\r\n"

        def heard(message: Parsed | None) -> None:
            if not told.done() and (message is None or message.start[8:9] != "1"):
                told.set_result(message)

        self.ask(self.send, text, heard)
        answer = await asyncio.wait_for(told, 40)
        assert answer is not None, "the registrar is silent"
        return answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if (found := _CHALLENGE.search(data)) is not None:
            self._challenge = found[1].decode()
        if not self._dead or data.startswith(b"SIP/2.0"):
            super().datagram_received(data, addr)

    def requested(self, message: Parsed, reply: Send) -> None:
        if message.method != "INVITE":
            self.answer(message, reply, "200 OK", f"a{token_hex(4)}")
            return
        self.answer(message, reply, "180 Ringing", f"a{token_hex(4)}")
        self._dead = True
        if self._death is Death.CLOSED:
            self.close()
        self.rung.set()

    async def dies(self) -> None:
        """What is left to do of its death."""
        if self._death is Death.UNREGISTERS:
            await self.register(0)

    def close(self) -> None:
        for repeated, _ in self._asked.values():
            repeated.stop()
        self._asked.clear()
        if self._transport is not None and not self._transport.is_closing():
            super().close()
