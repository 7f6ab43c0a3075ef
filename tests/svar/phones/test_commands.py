"""`svar call` and `svar agent` as processes of their own, against a test phone and a registrar."""

import asyncio
import os
import pty
import sys
from pathlib import Path

from sip.config import CoreConfig, Digest
from sip.events import InviteReceived, Registered, Unregistered
from svar.commands.call import unanswered
from tests.svar.phones.test_phone import answer_each, phone, server

SVAR = (sys.executable, "-m", "svar")


async def svar(*arguments: str) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *SVAR, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), 30)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode is not None
    return child.returncode, output.decode()


async def test_a_call_presses_keys_records_and_tells_what_happened(tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    async with phone("b", 9) as called:
        await answer_each(called)
        code, output = await svar(
            "call", "600", "--target", f"127.0.0.1:{called.port}", "--press", "2", "--after", "200ms",
            "--for", "600ms", "--record", str(heard),
        )  # fmt: skip
        assert "key received: 2" in [rung.what for rung in called.ladder.rungs]
    assert code == 0, output
    for told in ("INVITE sip:600@127.0.0.1", "180 Ringing", "answered", "first audio", "keys sent: 2", "over: local"):
        assert told in output
    assert heard.stat().st_size > 3000


async def test_a_call_that_is_refused_says_so_with_its_exit_code() -> None:
    async with phone("b", 9) as called:
        code, output = await svar("call", f"sip:600@127.0.0.1:{called.port}")
    assert code == 1
    assert "600 was not answered: 486 Busy Here" in output


def test_a_call_that_nobody_hears_of_asks_for_the_address() -> None:
    told = unanswered("5000", "408 Request Timeout", "127.0.0.1:5060")
    assert told.endswith(
        "408 Request Timeout; does a server listen at 127.0.0.1:5060? --target or SVAR_TARGET name another"
    )
    assert unanswered("5000", "404 Not Found", "127.0.0.1:5060") == "5000 was not answered: 404 Not Found"


async def test_a_call_with_a_wrong_option_says_what_was_expected() -> None:
    code, output = await svar("call", "600", "--for", "soon")
    assert code == 2
    assert "write 3s, 500ms or 2m" in output


async def test_a_call_with_a_key_that_is_none_does_not_ring() -> None:
    code, output = await svar("call", "600", "--press", "2z")
    assert code == 2
    assert "'z' is no key" in output
    assert "INVITE" not in output


async def test_files_that_cannot_be_used_are_told_before_it_rings(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("not a sound")
    for option, path, told in (
        ("--play", tmp_path / "none.wav", "No such file"),
        ("--play", text, "expected a WAV file"),
        ("--record", tmp_path / "none" / "heard.wav", "there is no folder"),
    ):
        code, output = await svar("call", "600", option, str(path))
        assert code == 2
        assert told in output
        assert "INVITE" not in output


async def test_the_command_line_has_one_name_however_it_is_started() -> None:
    code, output = await svar("--help")
    assert code == 0
    assert "Usage: svar " in output


async def test_an_agent_registers_answers_and_counts(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    config = CoreConfig(digest=Digest("svar", {"kari": "secret"}.get, b"n" * 32))
    async with server(config) as there:
        codes: list[str] = []

        def rung(invite: InviteReceived) -> None:
            codes.append(str(getattr(invite.request.uri, "user", "")))
            there.reject(invite.session, 404)

        there.on_invite = rung
        agent = asyncio.create_task(
            svar(
                "agent", "kari", "--target", f"127.0.0.1:{there.address[1]}", "--password-file", str(password),
                "--auto-answer", "0s", "--talk", "300ms", "--calls", "1", "--for", "20s",
            )
        )  # fmt: skip
        registered: asyncio.Queue[int] = asyncio.Queue()

        def changed(change: Registered | Unregistered) -> None:
            if isinstance(change, Registered):
                registered.put_nowait(change.source[1])

        there.on_register_change = changed
        port = await asyncio.wait_for(registered.get(), 10)
        async with phone("ola", port) as caller:
            call = await caller.call("kari")
            assert await asyncio.wait_for(call.ended, 10) == "remote"
        code, output = await agent
    assert code == 0, output
    assert "registered as kari" in output
    assert "1 calls answered" in output
    assert codes == ["*1"]
    assert "*1 was not taken: 404" in output


async def test_an_agent_with_a_wrong_password_or_none_fails_with_a_hint(tmp_path: Path) -> None:
    config = CoreConfig(digest=Digest("svar", {"kari": "secret"}.get, b"n" * 32))
    async with server(config) as there:
        target = ("--target", f"127.0.0.1:{there.address[1]}", "--state", str(tmp_path))
        code, output = await svar("agent", "kari", *target)
        assert code == 1
        assert f"no password was found in {tmp_path} for kari; --state names another folder" in output
        (tmp_path / "agents.json").write_text('{"kari": "wrong"}')
        code, output = await svar("agent", "kari", *target)
    assert code == 1
    assert "is the password right?\n" in output
    assert output.count("REGISTER sip:") == 2  # nothing is taken back that was not there


async def test_keys_in_the_terminal_are_taken_one_by_one(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    codes: asyncio.Queue[str] = asyncio.Queue()
    async with server(CoreConfig(digest=Digest("svar", {"kari": "secret"}.get, b"n" * 32))) as there:

        def rung(invite: InviteReceived) -> None:
            codes.put_nowait(str(getattr(invite.request.uri, "user", "")))
            there.reject(invite.session, 404)

        there.on_invite = rung
        ours, theirs = pty.openpty()
        child = await asyncio.create_subprocess_exec(
            *SVAR, "agent", "kari", "--target", f"127.0.0.1:{there.address[1]}", "--password-file", str(password),
            stdin=theirs, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert child.stdout is not None
            await asyncio.wait_for(child.stdout.readuntil(b"q quit"), 10)
            os.write(ours, b"rn")
            assert {await asyncio.wait_for(codes.get(), 10) for _ in range(2)} == {"*1", "*2"}
            os.write(ours, b"q")
            assert await asyncio.wait_for(child.wait(), 10) == 0
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            os.close(ours)
            os.close(theirs)
