"""A contact for the console: whose it is, what of it is shown, and that a look at it is written down."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ivr.over_sip.telephony import Identity
from metrics.records import Records
from svar.contacts_told import ContactsTold
from tests.metrics.records_contract import record


class Nothing:
    """A stream that has nothing any more, and an installation without a node that lives."""

    async def of(self, _: str) -> list[Any]:
        return []

    async def tiers(self) -> dict[str, Any]:
        return {}

    async def look(self) -> Any:
        return SimpleNamespace(living=())


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    opened = await Records.open(tmp_path / "records.sqlite")
    known = record("c1", number="5000", pii_caller="+4791234567", pseudonym="5ec4e7")
    await opened.commit(known["tenant"], "1-0", [known], {})
    yield opened
    await opened.close()


def told(records: Records, tenant: str) -> ContactsTold:
    nothing: Any = Nothing()
    return ContactsTold(Identity(tenant, "n1", lambda: 1_000), nothing, records, nothing, nothing)


async def test_a_record_is_shown_without_its_caller_and_the_look_is_written_down(records: Records) -> None:
    tenant = record("c1")["tenant"]
    seen = await told(records, tenant).of("c1", "kari")
    assert seen is not None
    assert ("number", "5000") in seen.facts
    assert {"pii_caller", "pseudonym"}.isdisjoint(dict(seen.facts))
    (access,) = await records.noted(tenant)
    assert (access.who, access.subject) == ("kari", "c1")


async def test_contacts_of_others_who_share_the_database_are_not_there(records: Records) -> None:
    assert await told(records, "another").of("c1", "kari") is None
