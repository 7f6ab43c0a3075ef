import asyncio
import socket

import pytest

from rtp.rtpengine.aio.keys import KeyListener
from rtp.rtpengine.ng import KeyPress
from tests.rtp.phone import until

KEY = b'{"callid":"c","source_tag":"a","type":"DTMF","event":5,"duration":100}'


async def test_keys_of_an_rtpengine_are_told_and_nobody_elses() -> None:
    told: list[KeyPress] = []
    listener = KeyListener(("127.0.0.1", 0), {"127.0.0.1"}, told.append)
    for host, data in (("127.0.0.2", KEY), ("127.0.0.1", b"nonsense"), ("127.0.0.1", KEY)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((host, 0))
            sock.sendto(data, listener.address)
    await until(lambda: bool(told), "key")
    await asyncio.sleep(0.01)
    assert told == [KeyPress("c", "a", "5", 100)]
    listener.close()


async def test_an_address_that_is_taken_is_an_error() -> None:
    first = KeyListener(("127.0.0.1", 0), (), lambda _press: None)
    with pytest.raises(OSError, match="in use"):
        KeyListener(first.address, (), lambda _press: None)
    first.close()
