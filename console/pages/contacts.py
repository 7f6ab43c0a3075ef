"""The contacts that were here last, and of one of them its story, why it went so, and its SIP messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from console.asked import Asked
from console.contacts_seen import ContactRow, ContactSeen, Ladder, Rung, Told
from console.pages import shown
from console.pages.entry import fault
from console.pages.frame import Content
from console.pages.markup import Html, el, join
from console.pages.words import WORDS, say
from console.view import View

MOST = 100
LONGEST_ID = 64
_COLUMNS = ("contact", "began", "number", "flow", "outcome", "lasted")


async def show_all(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The list. Raises Unavailable."""
    words = asked.language
    rows = [_row(words, one, view.zone) for one in await view.contacts.recent(MOST)]
    head = [
        el("th", say(words, f"contact_{word}"), scope="col", class_="num" if word == "lasted" else None)
        for word in _COLUMNS
    ]
    table = el("table", el("caption", say(words, "stories"), class_="unseen"), el("thead", el("tr", head)),
               el("tbody", rows), class_="list")  # fmt: skip
    box = el("div", table, class_="wide fit", tabindex="0", role="region", aria_label=say(words, "stories"))
    body = join(
        el("h1", say(words, "stories")),
        el("p", say(words, "contacts_text"), class_="quiet"),
        box if rows else el("p", say(words, "no_contacts")),
    )
    return Content(say(words, "stories"), body, refresh_s=5)


async def show_one(asked: Asked, view: View, path: Mapping[str, str]) -> Content:
    """One contact. Raises Unavailable."""
    words, name = asked.language, path["contact"]
    who = asked.session.user if asked.session is not None else ""
    seen = await view.contacts.of(name, who) if len(name) <= LONGEST_ID else None
    if seen is None:
        return fault(asked, "not_found", "", 404)
    body = join(
        el("p", el("a", say(words, "stories"), href="/contacts"), class_="quiet"),
        el("h1", say(words, "contact_contact"), " ", el("code", seen.contact)),
        _facts(words, seen),
        _told(words, "contact_story", seen.story, view.zone),
        _told(words, "contact_reasons", seen.reasons, view.zone),
        _ladders(words, seen.ladders, view.zone),
    )
    return Content(f"{say(words, 'contact_contact')} {seen.contact}", body)


def _row(words: str, one: ContactRow, zone: ZoneInfo) -> Html:
    word = f"outcome_{one.outcome}" if one.outcome else "contact_goes_on"
    outcome = say(words, word) if word in WORDS else one.outcome  # a node of a later release may have others
    return el(
        "tr",
        el("th", el("a", one.contact, href=f"/contacts/{one.contact}"), scope="row"),
        el("td", f"{datetime.fromtimestamp(one.started_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"),
        el("td", one.number),
        el("td", el("a", one.flow, href=f"/flows/{one.flow}") if one.flow else shown.NONE),
        el("td", outcome),
        el("td", shown.waited(1, one.duration_ms + 1) if one.duration_ms else shown.NONE, class_="num"),
    )


def _facts(words: str, seen: ContactSeen) -> Html | None:
    if not seen.facts:
        return None
    pairs = [el("div", el("dt", name.replace("_", " ")), el("dd", value)) for name, value in seen.facts]
    return el("details", el("summary", say(words, "contact_record")), el("dl", pairs, class_="letters"))


def _told(words: str, title: str, told: Sequence[Told], zone: ZoneInfo) -> Html:
    head = el("h2", say(words, title))
    if not told:
        return el("section", head, el("p", say(words, "contact_nothing"), class_="quiet"))
    began_ms = told[0].at_ms
    rows = [
        el("tr",
           el("td", _clock(one.at_ms, zone), class_="num"),
           el("td", f"{(one.at_ms - began_ms) / 1000:.1f} s", class_="num"),
           el("td", el("b", one.step) if one.step else None, " " if one.step else "", one.text, class_="long"))
        for one in told
    ]  # fmt: skip
    columns = ("contact_time", "contact_since", "contact_what")
    names = [el("th", say(words, word), scope="col", class_="num" if word != "contact_what" else None)
             for word in columns]  # fmt: skip
    table = el("table", el("caption", say(words, title), class_="unseen"), el("thead", el("tr", names)),
               el("tbody", rows), class_="list story")  # fmt: skip
    return el(
        "section", head, el("div", table, class_="wide", tabindex="0", role="region", aria_label=say(words, title))
    )


def _ladders(words: str, ladders: Sequence[Ladder], zone: ZoneInfo) -> Html:
    head = el("h2", say(words, "contact_sip"))
    if not ladders:
        return el("section", head, el("p", say(words, "contact_no_sip"), class_="quiet"))
    return el("section", head, [_ladder(words, one, zone) for one in ladders])


def _ladder(words: str, ladder: Ladder, zone: ZoneInfo) -> Html:
    title = f"{say(words, 'node')} {ladder.node}"
    ends = [
        el("th", one.whom or say(words, "contact_caller"), el("br"), el("small", one.peer), scope="col")
        for one in ladder.legs
    ]
    names = [el("th", say(words, word), scope="col", class_="num") for word in ("contact_time", "contact_since")]
    began_ms = ladder.rungs[0].at_ms if ladder.rungs else 0
    rows = [
        el("tr",
           el("td", _clock(one.at_ms, zone), class_="num"),
           el("td", f"{(one.at_ms - began_ms) / 1000:.3f} s", class_="num"),
           [el("td", _arrow(words, one) if end.leg == one.leg else None, class_="long") for end in ladder.legs])
        for one in ladder.rungs
    ]  # fmt: skip
    table = el("table", el("caption", title), el("thead", el("tr", names, ends)), el("tbody", rows),
               class_="list story ladder")  # fmt: skip
    return el("div", table, class_="wide", tabindex="0", role="region", aria_label=title)


def _arrow(words: str, rung: Rung) -> Html:
    way = "contact_in" if rung.inward else "contact_out"
    return join(el("span", "→ " if rung.inward else "← ", aria_hidden="true"),
                el("span", say(words, way), " ", class_="unseen"), rung.what)  # fmt: skip


def _clock(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%H:%M:%S}"
