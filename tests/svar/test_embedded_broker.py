import asyncio
import os
import signal
import socket
from pathlib import Path

import aiomqtt
import pytest

from metrics.mqtt import Broker
from svar.embedded.broker import EmbeddedBroker
from svar.embedded.child import EmbeddedError


async def test_the_broker_takes_and_keeps_messages_on_a_port_of_the_systems_choice(tmp_path: Path) -> None:
    embedded = await EmbeddedBroker.start(tmp_path)
    broker = Broker.from_url(embedded.url)
    assert broker.port > 0
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.publish("svar/nav/agents", "{}", qos=1, retain=True)
    async with aiomqtt.Client(broker.host, broker.port) as client, asyncio.timeout(20):
        await client.subscribe("svar/#")
        message = await anext(client.messages)
    assert (str(message.topic), message.payload) == ("svar/nav/agents", b"{}")
    assert embedded.pid is not None
    await embedded.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(broker.host, broker.port)
    assert (tmp_path / "mqtt.log").read_text() == "", "it is quiet"


async def test_the_broker_ends_when_its_parents_end_of_the_pipe_closes(tmp_path: Path) -> None:
    embedded = await EmbeddedBroker.start(tmp_path)
    child = embedded._child
    assert child is not None
    assert child._process.stdin is not None
    child._process.stdin.close()
    async with asyncio.timeout(20):
        assert await child.wait() == 0
    await embedded.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
async def test_beyond_loopback_it_is_refused_as_it_lets_everybody_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(EmbeddedError, match=f"not on {host}; set SVAR_MQTT_URL"):
        await EmbeddedBroker.start(tmp_path, host=host)


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EmbeddedError, match=r"the MQTT broker ended as it started: (?s:.*)address already in use"):
            await EmbeddedBroker.start(tmp_path, port=taken.getsockname()[1])


async def test_one_that_is_not_ready_in_time_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="the MQTT broker was not ready within 0 s: it said nothing"):
        await EmbeddedBroker.start(tmp_path, within_s=0)


async def test_one_that_ends_by_itself_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    broker = await EmbeddedBroker.start(tmp_path)
    keeping = asyncio.ensure_future(broker.keep())
    killed = broker.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(15):
        while broker.pid == killed:  # noqa: ASYNC110 - it is a child that comes
            await asyncio.sleep(0.02)
    address = Broker.from_url(broker.url)
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.publish("topic", "there", qos=1)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await broker.stop()


async def test_one_that_is_given_is_used_and_left_alone(tmp_path: Path) -> None:
    embedded = await EmbeddedBroker.start(tmp_path / "state", url="mqtt://broker.example")
    assert (embedded.url, embedded.pid) == ("mqtt://broker.example", None)
    await embedded.stop()
    assert not (tmp_path / "state").exists()
