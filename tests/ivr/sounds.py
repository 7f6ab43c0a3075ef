"""Sounds that can be told apart by their content: every text has a chirp of its own."""

import hashlib

import numpy as np

from rtp.g711 import encode_a

RATE = 8000
MUSIC = "music"


def tone(text: str, duration_s: float = 1.0) -> bytes:
    """Noise that only `text` gives, as A-law."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    noise = np.random.default_rng(seed).integers(-8000, 8000, int(duration_s * RATE), dtype=np.int16)
    return encode_a(noise)
