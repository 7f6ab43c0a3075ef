from dataclasses import FrozenInstanceError, fields

import pytest

from events import catalogue
from events.catalogue import CATALOGUE, FIELD_TYPES, ContactStarted, Event


def test_every_event_is_in_the_catalogue_under_its_own_kind() -> None:
    told = {c for c in vars(catalogue).values() if isinstance(c, type) and issubclass(c, Event) and c is not Event}
    assert told == set(CATALOGUE.values())
    assert all(kind == cls.kind for kind, cls in CATALOGUE.items())


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_field_has_a_scalar_type(kind: str) -> None:
    assert set(FIELD_TYPES[kind]) == {field.name for field in fields(CATALOGUE[kind])}
    assert set(FIELD_TYPES[kind].values()) <= {str, int, float, bool}


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_event_says_when_where_and_whose(kind: str) -> None:
    assert {"at_ms", "tenant", "node", "contact"} <= set(FIELD_TYPES[kind])


@pytest.mark.parametrize("kind", CATALOGUE)
def test_no_field_takes_the_place_of_the_entrys_own_keys(kind: str) -> None:
    assert not {"kind", "v"} & set(FIELD_TYPES[kind])


def test_an_event_cannot_be_changed() -> None:
    event = ContactStarted(at_ms=1, tenant="t", node="n", number="600", flow="f", flow_version="1", trunk="x")
    with pytest.raises(FrozenInstanceError):
        event.number = "700"  # type: ignore[misc]
