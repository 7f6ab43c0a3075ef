import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtp.rtpengine.bencode import DEEPEST, BencodeError, Encodable, Value, decode, encode

values: st.SearchStrategy[Value] = st.recursive(
    st.integers(-(10**18), 10**18) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc -", max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_a_command_is_encoded_with_its_keys_in_order() -> None:
    command: Encodable = {"command": "offer", "call-id": "ø", "flags": ["a", b"b"], "n": -3}
    assert encode(command) == b"d7:call-id2:\xc3\xb87:command5:offer5:flagsl1:a1:be1:ni-3ee"


@given(values)
@settings(max_examples=100)
def test_what_is_encoded_is_decoded_again(value: Value) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "begins no value"),
        (b"x", "begins no value"),
        (b"i5", "without its end"),
        (b"ixe", "no number"),
        (b"ie", "no number"),
        (b"i" + b"9" * 40 + b"e", "without its end"),
        (b"5:abc", "5 bytes, 3 are there"),
        (b"5", "without its end"),
        (b"1a:b", "no number"),
        (b"l", "begins no value"),
        (b"d", "without its end"),
        (b"di1ei2ee", "without its end"),
        (b"d-1:e", "-1 bytes"),
        (b"i1ei2e", "3 bytes too many"),
        (b"l" * (DEEPEST + 1), "deeper"),
    ],
)
def test_what_is_broken_is_an_error_that_says_where(data: bytes, reason: str) -> None:
    with pytest.raises(BencodeError, match=reason):
        decode(data)


@given(st.binary(max_size=60) | st.text("ilde0123456789:-", max_size=30).map(str.encode))
@settings(max_examples=200)
def test_nothing_but_its_own_error_comes_of_any_bytes(data: bytes) -> None:
    try:
        value = decode(data)
    except BencodeError:
        return
    assert decode(encode(value)) == value
