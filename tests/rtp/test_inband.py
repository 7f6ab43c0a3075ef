"""The figures are those of ITU-T Q.24 where it gives some; presses begin anywhere within the blocks of 10 ms."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ivr.prompts.speech import VOICES, Speech, Voice
from rtp import wav
from rtp.g711 import encode_a, encode_u
from rtp.inband import HIGH_HZ, KEYS, LOW_HZ, RATE_HZ, ToneReceiver

Wave = NDArray[np.float64]

MUSIC = Path(__file__).parents[1] / "bench/flows/prompts/music/default.wav"
DBM0 = 22_450.0
"""The peak of a sine at 0 dBm0 in 16 bits."""
ALL_KEYS = "".join(KEYS)
OFFSETS = range(0, 160, 23)

SENTENCES = {
    "nb": (
        "Velkommen til kundesenteret. Alle våre medarbeidere er opptatt, men du er snart først i køen.",
        "Trykk en for regninger, to for feil på linjen, tre for å bestille, og null for å snakke med noen.",
        "Åpningstidene er mandag til fredag fra klokken åtte til seksten, og lørdag fra ti til fjorten.",
        "Vi ringer deg tilbake på nummeret du ringer fra så snart det er din tur. Du mister ikke plassen din.",
        "Samtalen kan bli tatt opp for opplæring. Si ifra til medarbeideren hvis du ikke ønsker det.",
    ),
    "en": (
        "Welcome to the contact centre. All of our people are busy, but you will soon be the first in the queue.",
        "Press one for bills, two for faults on the line, three for orders, and zero to speak with somebody.",
        "We are open from Monday to Friday between eight and four, and on Saturday from ten until two.",
        "We shall ring you back on the number you call from as soon as it is your turn. You keep your place.",
        "This call may be recorded for training. Please tell the agent if you would rather it were not.",
    ),
}


def pair(key: str, ms: float, *, off: tuple[float, float] = (0, 0), dbm0: tuple[float, float] = (-10, -10)) -> Wave:
    """The two tones of a key, each so far off its frequency and at its level."""
    row = next(row for row in KEYS if key in row)
    at = np.arange(round(ms * 8)) / RATE_HZ
    nominal = (LOW_HZ[KEYS.index(row)], HIGH_HZ[row.index(key)])
    tones = [
        DBM0 * 10 ** (level / 20) * np.sin(2 * np.pi * hz * (1 + part) * at + 0.3)
        for hz, part, level in zip(nominal, off, dbm0, strict=True)
    ]
    return tones[0] + tones[1]


def pause(ms: float) -> Wave:
    return np.zeros(round(ms * 8))


def encoded(*parts: Wave, codec: str = "PCMA") -> bytes:
    samples = np.clip(np.concatenate((*parts, pause(60))), -32768, 32767).astype(np.int16)
    return encode_a(samples) if codec == "PCMA" else encode_u(samples)


def told(sound: bytes, codec: str = "PCMA", size: int = 160) -> str:
    receiver = ToneReceiver()
    packets = (sound[at : at + size] for at in range(0, len(sound), size))
    return "".join(key.digit for packet in packets for key in receiver.receive(packet, codec))


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_key_of_40_ms_is_told_once_wherever_it_begins(key: str, codec: str) -> None:
    for offset in OFFSETS:
        assert told(encoded(np.zeros(offset), pair(key, 40), codec=codec), codec) == key


@settings(max_examples=150)
@given(
    key=st.sampled_from(ALL_KEYS),
    ms=st.floats(40, 200),
    off=st.tuples(st.floats(-0.015, 0.015), st.floats(-0.015, 0.015)),
    louder_dbm0=st.floats(-17, -3),
    twist_db=st.floats(-8, 4),
    offset=st.integers(0, 159),
)
def test_keys_within_the_tolerances_are_told_once(
    key: str, ms: float, off: tuple[float, float], louder_dbm0: float, twist_db: float, offset: int
) -> None:
    dbm0 = (louder_dbm0 - max(0, twist_db), louder_dbm0 + min(0, twist_db))
    assert told(encoded(np.zeros(offset), pair(key, ms, off=off, dbm0=dbm0))) == key


@settings(max_examples=150)
@given(
    key=st.sampled_from(ALL_KEYS),
    off=st.floats(0.035, 0.05),
    sign=st.sampled_from([-1, 1]),
    which=st.sampled_from([0, 1]),
    other=st.floats(-0.015, 0.015),
    offset=st.integers(0, 159),
)
def test_a_tone_three_and_a_half_per_cent_off_is_no_key(
    key: str, off: float, sign: int, which: int, other: float, offset: int
) -> None:
    offs = (sign * off, other) if which == 0 else (other, sign * off)
    assert told(encoded(np.zeros(offset), pair(key, 200, off=offs))) == ""


@pytest.mark.parametrize(
    "sound",
    [
        pair("5", 100, dbm0=(-10, -3)),
        pair("5", 100, dbm0=(-5, -17)),
        pair("5", 100, dbm0=(-32, -32)),
        pair("5", 100, dbm0=(-10, -90)),
        pair("5", 100, dbm0=(-90, -10)),
        pair("5", 100) + pair("1", 100, dbm0=(-90, -10)),
        pair("5", 100) + pair("5", 100, off=(-0.5, -0.4)),
        pause(100),
    ],
    ids=["high", "low", "faint", "low alone", "high alone", "three tones", "four tones", "silence"],
)
def test_what_is_no_pair_of_tones_at_like_levels_is_no_key(sound: Wave) -> None:
    for offset in OFFSETS:
        assert told(encoded(np.zeros(offset), sound)) == ""


@pytest.mark.parametrize("ms", [5, 10, 15, 20, 23])
def test_a_tone_of_less_than_24_ms_is_no_key(ms: int) -> None:
    for key, offset in itertools.product(ALL_KEYS, OFFSETS):
        assert told(encoded(np.zeros(offset), pair(key, ms))) == ""


def test_a_key_pressed_again_after_40_ms_is_told_again() -> None:
    for key, offset in itertools.product(ALL_KEYS, OFFSETS):
        assert told(encoded(np.zeros(offset), pair(key, 40), pause(40), pair(key, 40))) == 2 * key


def test_a_break_of_10_ms_is_within_one_press() -> None:
    for key, offset in itertools.product(ALL_KEYS, OFFSETS):
        assert told(encoded(np.zeros(offset), pair(key, 50), pause(10), pair(key, 50))) == key


def test_keys_one_after_the_other_are_told_in_order() -> None:
    sound = [part for key in "0123456789*#ABCD" for part in (pair(key, 65), pause(65))]
    assert told(encoded(*sound)) == "0123456789*#ABCD"


def test_another_key_without_a_pause_is_told() -> None:
    assert told(encoded(pair("1", 80), pair("9", 80))) == "19"


def test_a_lost_packet_does_not_make_two_presses() -> None:
    sound = encoded(pair("7", 200))
    for lost in range(0, 1600, 160):
        assert told(sound[:lost] + sound[lost + 160 :]) == "7"


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12))
@settings(max_examples=50)
def test_packets_of_any_length_give_the_same(sizes: list[int]) -> None:
    sound = encoded(pause(33), pair("8", 60), pause(45), pair("0", 60))
    receiver = ToneReceiver()
    keys, at = "", 0
    for size in [*sizes, len(sound)]:
        keys += "".join(key.digit for key in receiver.receive(memoryview(sound)[at : at + size], "PCMA"))
        at += size
    assert keys == "80"


def test_a_key_is_told_while_it_is_pressed() -> None:
    receiver = ToneReceiver()
    sound = encoded(pair("3", 200))
    told_at = [at for at in range(0, 1600, 80) if receiver.receive(sound[at : at + 80], "PCMA")]
    assert told_at == [160]


def test_a_key_15_db_above_noise_is_told() -> None:
    noise = np.random.default_rng(3).normal(0, 1, 8 * 90)
    for key in ALL_KEYS:
        sound = np.concatenate((pause(15), pair(key, 50), pause(25)))
        level = np.sqrt(np.mean(pair(key, 50) ** 2)) * 10 ** (-15 / 20)
        assert told(encoded(sound + level * noise)) == key


# Talk-off


def test_noise_is_no_key() -> None:
    assert told(encoded(np.random.default_rng(5).normal(0, 4000, 60 * RATE_HZ))) == ""


def test_music_is_no_key() -> None:
    sound = wav.a_law(MUSIC.read_bytes())
    assert len(sound) >= 30 * RATE_HZ
    assert told(sound) == ""


def test_chords_are_no_key() -> None:
    """Two minutes of three voices with overtones, in every pitch of the tempered scale."""
    rng = np.random.default_rng(7)
    at = np.arange(RATE_HZ // 4) / RATE_HZ
    chords = []
    for _ in range(480):
        pitches = 220 * 2 ** (rng.integers(0, 36, 3) / 12)
        voices = [np.sin(2 * np.pi * hz * n * at) / n for hz in pitches for n in (1, 2, 3) if hz * n < 3400]
        chords.append(2500 * np.sum(voices, axis=0))
    assert told(encoded(*chords)) == ""


@pytest.mark.parametrize("language", sorted(SENTENCES))
async def test_speech_is_no_key(language: str) -> None:
    speech = Speech()
    woman = VOICES[language]
    man = Voice(woman.name.partition("+")[0], 120)
    sound = b""
    for voice in (woman, man):
        for text in SENTENCES[language]:
            sound += wav.a_law(await speech.speak(text, voice))
    await speech.close()
    assert len(sound) >= 60 * RATE_HZ
    assert told(sound) == ""
