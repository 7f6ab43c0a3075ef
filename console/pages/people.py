"""Who is logged in: every agent with state, since when, and what they serve. For supervisors: it names people."""

import re
from collections.abc import Mapping

from acd.staff import Staffed
from console.asked import Asked
from console.pages import shown
from console.pages.frame import Content
from console.pages.markup import Html, el, join
from console.pages.words import say
from console.view import View

MOST = 500
MOST_QUEUES = 6
_ORDER = ("talking", "offered", "wrap_up", "ready", "not_ready", "logged_out")
COLUMNS = ("agent", "site", "state", "since", "reason", "queues")


async def show(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The page. Raises Unavailable."""
    words = asked.language
    staff = sorted(await view.staff.all(), key=_rank)
    now_ms = view.now_ms()
    head = [el("th", say(words, word), scope="col", class_="num" if word == "since" else None) for word in COLUMNS]
    rows = [_row(words, one, now_ms, view.titles) for one in staff[:MOST]]
    table = el("table", el("caption", say(words, "people"), class_="unseen"), el("thead", el("tr", head)),
               el("tbody", rows), class_="list")  # fmt: skip
    box = el("div", table, class_="wide", tabindex="0", role="region", aria_label=say(words, "people"))
    cut = el("p", say(words, "shown_of", shown=MOST, all=len(staff)), class_="quiet") if len(staff) > MOST else None
    body = join(
        el("h1", say(words, "people")),
        el("p", say(words, "people_text"), class_="quiet"),
        box if staff else el("p", say(words, "no_people")),
        cut,
    )
    return Content(say(words, "people"), body, refresh_s=5)


def _rank(one: Staffed) -> tuple[int, list[str]]:
    state = str(one.now.state)
    order = _ORDER.index(state) if state in _ORDER else len(_ORDER)
    # demo2 before demo10
    return order, [part.zfill(9) if part.isdecimal() else part for part in re.split(r"([0-9]+)", one.now.agent)]


def _row(words: str, one: Staffed, now_ms: int, titles: Mapping[str, str]) -> Html:
    now = one.now
    state = str(now.state)
    dot = el("span", class_=f"dot {state}", aria_hidden="true")
    queue = titles.get(one.queue, one.queue)
    serving = sorted(titles.get(name, name) for name in one.queues)
    more = el("span", f" +{len(serving) - MOST_QUEUES}", class_="more") if len(serving) > MOST_QUEUES else None
    return el(
        "tr",
        el("th", now.agent, scope="row"),
        el("td", now.site),
        el("td", dot, say(words, f"state_{state}"), f" · {queue}" if queue else ""),
        el("td", shown.waited(now.since_ms, now_ms), class_="num"),
        el("td", now.reason.replace("_", " ") or shown.NONE),
        el("td", ", ".join(serving[:MOST_QUEUES]) or shown.NONE, more, class_="long"),
    )
