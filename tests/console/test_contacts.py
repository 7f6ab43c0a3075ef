"""The pages of contacts: who may see them, what stands there, and that a look is told of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from acd.distributor import Unavailable
from console.accounts import Role
from console.contacts_seen import ContactRow, ContactSeen, Ladder, Leg, Rung, Told
from console.pages.words import WORDS
from console.view import View
from events.catalogue import ContactEnded
from tests.console.house import House

AT = 1_763_800_000_000
ROWS = (
    ContactRow("c2", AT, "5000", "main", "", "", 0),
    ContactRow("c1", AT - 60_000, "800", "main", "answered", "caller_hung_up", 75_000),
)
SEEN = ContactSeen(
    "c1",
    [("number", "800"), ("pii_caller", "***")],
    [Told(AT, "(menu)", "menu"), Told(AT + 1_500, "<b>anna</b> answers")],
    [Told(AT, "queued in work as number 1")],
    [
        Ladder(
            "n1",
            [Leg(1, "192.0.2.1:5060", ""), Leg(2, "192.0.2.9:5090", "anna")],
            [
                Rung(AT, 1, inward=True, what="INVITE sip:800@h"),
                Rung(AT + 20, 2, inward=False, what="INVITE sip:anna@h"),
            ],
        )
    ],
)


@dataclass
class Kept:
    away: bool = False
    looked: list[tuple[str, str]] = field(default_factory=list)

    async def recent(self, most: int) -> Sequence[ContactRow]:
        return ROWS[:most]

    async def of(self, contact: str, who: str) -> ContactSeen | None:
        if self.away:
            raise Unavailable("away")
        self.looked.append((contact, who))
        return SEEN if contact == "c1" else None


class Archive(House):
    """A house with contacts."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept()

    def view(self) -> View:
        return replace(super().view(), contacts=self.kept)


async def test_the_last_contacts_are_listed_with_what_came_of_them() -> None:
    async with Archive().visited("kari", Role.SUPERVISOR) as visitor:
        page = await visitor.page("/contacts")
    assert page.index("/contacts/c2") < page.index("/contacts/c1")
    assert "pågår" in page
    assert "<td>besvart</td>" in page
    assert "1:15" in page


def test_each_outcome_of_the_catalogue_has_its_words() -> None:
    told = (ContactEnded.__doc__ or "").partition("Outcomes: ")[2].partition(".")[0].split(", ")
    assert len(told) > 5
    assert [one for one in told if f"outcome_{one}" not in WORDS] == []


async def test_a_contact_is_told_whole_and_the_look_is_written_down() -> None:
    house = Archive()
    async with house.visited("kari", Role.SUPERVISOR) as visitor:
        page = await visitor.page("/contacts/c1")
    for text in ("<b>menu</b>", "1.5 s", "&lt;b&gt;anna&lt;/b&gt; answers", "queued in work", "INVITE sip:anna@h"):
        assert text in page
    assert house.kept.looked == [("c1", "kari")]


async def test_who_only_looks_at_figures_sees_no_contact() -> None:
    house = Archive()
    async with house.visited("per", Role.VIEWER) as visitor:
        assert "/contacts" not in await visitor.page("/")
        for path in ("/contacts", "/contacts/c1"):
            assert (await visitor.get(path)).status == 403
    assert house.kept.looked == []


@pytest.mark.parametrize("name", ["nobody", "x" * 65])
async def test_a_contact_that_is_not_known_is_not_found(name: str) -> None:
    async with Archive().visited("kari", Role.SUPERVISOR) as visitor:
        assert (await visitor.get(f"/contacts/{name}")).status == 404


async def test_where_a_look_cannot_be_written_down_nothing_is_shown() -> None:
    house = Archive()
    house.kept.away = True
    async with house.visited("kari", Role.SUPERVISOR) as visitor:
        answer = await visitor.get("/contacts/c1")
    assert answer.status == 503
    assert "INVITE" not in answer.body
