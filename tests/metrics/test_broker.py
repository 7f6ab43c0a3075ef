"""Where the broker is, and by whose word it is believed."""

import ssl
from pathlib import Path

import pytest

from metrics.broker import Broker
from tests.sip.aio.authority import Authority


def test_a_broker_over_tls_is_vouched_for_by_the_authority_that_is_named_and_no_other(tmp_path: Path) -> None:
    context = Broker.from_url("mqtts://svar-1:secret@192.0.2.7", Authority(tmp_path).file).context()
    assert context is not None
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_broker_without_tls_needs_no_authority() -> None:
    assert Broker.from_url("mqtt://192.0.2.7", "nowhere.pem").context() is None


def test_an_authority_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        Broker.from_url("mqtts://192.0.2.7", "nowhere.pem").context()
