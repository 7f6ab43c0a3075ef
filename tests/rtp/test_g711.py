import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.g711 import (
    A_TO_U,
    DECODE_A,
    DECODE_U,
    SILENCE_A,
    SILENCE_U,
    U_TO_A,
    decode_a,
    decode_u,
    encode_a,
    encode_u,
    translation,
)


@pytest.mark.parametrize(("code", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504)])
def test_a_law_codes_mean_what_g711_says(code: int, sample: int) -> None:
    assert DECODE_A[code] == sample


@pytest.mark.parametrize(("code", "sample"), [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xEF, 132)])
def test_mu_law_codes_mean_what_g711_says(code: int, sample: int) -> None:
    assert DECODE_U[code] == sample


@given(st.binary(max_size=300))
def test_decoding_and_encoding_gives_the_same_sound(data: bytes) -> None:
    assert decode_a(encode_a(decode_a(data))).tolist() == decode_a(data).tolist()
    assert decode_u(encode_u(decode_u(data))).tolist() == decode_u(data).tolist()


@given(st.lists(st.integers(-32768, 32767), max_size=50))
def test_encoding_takes_the_nearest_level(values: list[int]) -> None:
    samples = np.array(values, dtype=np.int16)
    for decode, table in ((decode_a(encode_a(samples)), DECODE_A), (decode_u(encode_u(samples)), DECODE_U)):
        for value, got in zip(values, decode.tolist(), strict=True):
            assert abs(got - value) == min(abs(level - value) for level in table.tolist())


def test_translation_between_the_laws_stays_within_a_step() -> None:
    codes = bytes(range(256))
    a, u = decode_a(codes).astype(int), decode_u(codes.translate(A_TO_U)).astype(int)
    assert np.all(np.abs(a - u) <= np.maximum(16, np.abs(a) // 16))
    there_and_back = decode_a(codes.translate(A_TO_U).translate(U_TO_A)).astype(int)
    assert np.all(np.abs(a - there_and_back) <= np.maximum(16, np.abs(a) // 8))


def test_silence_stays_silence_in_translation() -> None:
    assert abs(int(DECODE_U[A_TO_U[SILENCE_A]])) <= 8
    assert abs(int(DECODE_A[U_TO_A[SILENCE_U]])) <= 8


def test_only_different_codecs_need_a_table() -> None:
    assert translation("PCMA", "PCMA") is None
    assert translation("PCMA", "PCMU") == A_TO_U
    assert translation("PCMU", "PCMA") == U_TO_A
