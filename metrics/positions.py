"""Ids of a stream (`milliseconds-sequence`): where they stand."""

START = "0-0"
"""Before the first."""


def position(stream_id: str) -> tuple[int, int]:
    """Where an id stands in its stream, to compare with others."""
    at_ms, _, sequence = stream_id.partition("-")
    return int(at_ms), int(sequence or 0)
