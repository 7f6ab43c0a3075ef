from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import CATALOGUE, FIELD_TYPES, Event, MediaReported, NodeStarted
from events.codec import EventError, decode, encode

BY_TYPE: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(min_value=-(2**63), max_value=2**63),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(sorted(CATALOGUE)))
    return CATALOGUE[kind](**{name: draw(BY_TYPE[type_]) for name, type_ in FIELD_TYPES[kind].items()})


ENTRY = {"kind": "media_reported", "v": "1", "at_ms": "5", "tenant": "t", "node": "n", "contact": "c", "leg": "caller"}
MEDIA = ENTRY | {"sent": "10", "received": "9", "lost": "1", "jitter_ms": "2.5"}


@given(events())
def test_what_is_written_is_read_back_the_same(event: Event) -> None:
    assert decode(encode(event)) == event


@given(events())
def test_an_entry_is_text_alone(event: Event) -> None:
    entry = encode(event)
    assert all(isinstance(text, str) for text in entry.values())
    assert entry["kind"] == event.kind
    assert entry["v"] == str(event.version)


@given(st.dictionaries(st.sampled_from([*MEDIA, "x"]), st.text(max_size=6)))
def test_any_entry_gives_an_event_or_an_event_error(changes: dict[str, str]) -> None:
    try:
        assert isinstance(decode(MEDIA | changes), Event)
    except EventError:
        pass


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("7.0", 7), ("1e3", 1000), ("-2", -2)])
def test_a_whole_number_may_be_written_the_way_lua_does(text: str, value: int) -> None:
    event = decode(MEDIA | {"sent": text})
    assert isinstance(event, MediaReported)
    assert event.sent == value


def test_a_field_of_a_newer_version_is_left_out() -> None:
    event = decode({"kind": "node_started", "at_ms": "1", "tenant": "t", "node": "n", "release": "2", "colour": "red"})
    assert event == NodeStarted(at_ms=1, tenant="t", node="n", release="2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "tea_made"}, "unknown kind of event 'tea_made'"),
        ({"kind": ""}, "unknown kind of event ''"),
        ({"sent": "ten"}, "media_reported: field 'sent' is no int: 'ten'"),
        ({"sent": "inf.e"}, "media_reported: field 'sent' is no int: 'inf.e'"),
        ({"sent": "1e999"}, "media_reported: field 'sent' is no int: '1e999'"),
        ({"jitter_ms": "low"}, "media_reported: field 'jitter_ms' is no float: 'low'"),
    ],
)
def test_what_is_no_event_is_refused_by_name(changes: dict[str, str], message: str) -> None:
    with pytest.raises(EventError) as raised:
        decode(MEDIA | changes)
    assert str(raised.value) == message


def test_a_missing_field_is_refused_by_name() -> None:
    with pytest.raises(EventError, match=r"media_reported: .*'lost'"):
        decode({name: text for name, text in MEDIA.items() if name != "lost"})


def test_an_entry_without_a_kind_is_refused() -> None:
    with pytest.raises(EventError, match="unknown kind of event ''"):
        decode({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged(Event):
    kind: ClassVar[str] = "flagged_for_the_test_of_codec"
    flag: bool


@pytest.mark.parametrize(("flag", "text"), [(True, "1"), (False, "0")])
def test_a_boolean_is_written_as_one_or_nought_and_read_back(
    flag: bool, text: str, request: pytest.FixtureRequest
) -> None:
    event = Flagged(at_ms=1, tenant="t", node="n", flag=flag)
    entry = encode(event)
    assert entry["flag"] == text
    CATALOGUE[Flagged.kind] = Flagged
    FIELD_TYPES[Flagged.kind] = {"at_ms": int, "tenant": str, "node": str, "flag": bool}
    request.addfinalizer(lambda: FIELD_TYPES.pop(Flagged.kind))
    request.addfinalizer(lambda: CATALOGUE.pop(Flagged.kind))
    assert decode(entry) == event
    with pytest.raises(EventError, match="'flag' is no bool: 'yes'"):
        decode(entry | {"flag": "yes"})
