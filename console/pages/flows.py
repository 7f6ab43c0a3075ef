"""The flows in service: a list of them, and for each its picture with how many callers are where."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.asked import Asked
from console.pages import shown
from console.pages.entry import fault
from console.pages.frame import Content
from console.pages.markup import Html, el, join
from console.pages.words import say
from console.view import View
from ivr.picture.graph import Around, Graph, Traffic, graph_of
from ivr.picture.svg import svg
from metrics.steps import Walked

REFRESH_S = 5
MOST_PICTURES = 64
_STYLES = re.compile(r'<style>.*?</style>|<rect width="100%" height="100%" fill="#fff"/>', re.DOTALL)
_STYLE = re.compile(r' style="[^"]*"')


async def show_all(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The list."""
    words = asked.language
    book = view.book()
    rows = []
    for name, flow in sorted(book.by_name.items(), key=lambda one: one[1].title):
        here = sum(view.steps.here(name).values())
        rows.append(
            el("tr",
               el("th", el("a", flow.title, href=f"/flows/{name}"), scope="row"),
               el("td", ", ".join(flow.numbers) or shown.NONE),
               el("td", shown.number(len(flow.nodes), words), class_="num"),
               el("td", shown.number(here, words), class_="num strong" if here else "num"))
        )  # fmt: skip
    head = [el("th", say(words, word), scope="col", class_="num" if word in ("steps", "in_flow") else None)
            for word in ("flow", "numbers", "steps", "in_flow")]  # fmt: skip
    table = el("table", el("caption", say(words, "flows"), class_="unseen"), el("thead", el("tr", head)),
               el("tbody", rows), class_="list")  # fmt: skip
    body = join(
        el("h1", say(words, "flows")),
        el("p", say(words, "flows_text"), " ", say(words, "version"), " ", el("code", book.version[:12])),
        el("div", table, class_="wide fit", tabindex="0", role="region", aria_label=say(words, "flows")),
    )
    return Content(say(words, "flows"), body, refresh_s=REFRESH_S)


async def show_one(asked: Asked, view: View, path: Mapping[str, str]) -> Content:
    """One flow."""
    words, name = asked.language, path["flow"]
    flow = view.book().by_name.get(name)
    if flow is None:
        return fault(asked, "not_found", "", 404)
    here, walked = view.steps.here(name), await view.steps.today(name)
    today = f"{datetime.fromtimestamp(view.now_ms() / 1000, view.zone):%Y-%m-%d}"
    titles = {("queue", queue): title for queue, title in view.titles.items()}
    traffic = Traffic(walked.went, walked.left, walked.ended, today)
    graph = graph_of(flow, words, Around(view.book().calendars, titles), traffic)
    picture = await _PICTURES.drawn(name, graph)
    body = join(
        el("p", el("a", say(words, "flows"), href="/flows"), class_="crumb"),
        el("h1", flow.title),
        el("p", say(words, "in_flow"), ": ", el("b", shown.number(sum(here.values()), words)), class_="quiet"),
        el("div", _picture(words, picture, here), _steps(words, graph, here, walked), class_="flow"),
    )
    return Content(flow.title, body, "flow.js", refresh_s=REFRESH_S)


def _picture(words: str, picture: Html, here: Mapping[str, int]) -> Html:
    counts = [el("data", value=count, data_step=step) for step, count in here.items() if count]
    return el(
        "section",
        el("h2", say(words, "picture")),
        el("p", say(words, "picture_text"), class_="quiet"),
        el("div", picture, class_="picture", tabindex="0", role="region", aria_label=say(words, "picture")),
        el("div", counts, hidden=True, data_here=True, data_word=say(words, "here_now")),
    )


def _steps(words: str, graph: Graph, here: Mapping[str, int], walked: Walked) -> Html:
    came: dict[str, int] = {}
    for (_, to), count in walked.went.items():
        came[to] = came.get(to, 0) + count
    head = [el("th", say(words, word), scope="col") for word in ("step", "here_now", "came_today", "left_today")]
    rows = [
        el("tr",
           el("th", box.title, el("span", box.kind, class_="kind"), scope="row"),
           [_count(words, counts.get(box.name, 0)) for counts in (here, came, walked.left)])
        for box in graph.boxes if box.name
    ]  # fmt: skip
    table = el("table", el("caption", say(words, "steps"), class_="unseen"), el("thead", el("tr", head)),
               el("tbody", rows), class_="list")  # fmt: skip
    box = el("div", table, class_="wide", tabindex="0", role="region", aria_label=say(words, "steps"))
    return el("section", el("h2", say(words, "steps")), box, class_="steps")


def _count(words: str, count: int) -> Html:
    return el("td", shown.number(count, words), class_="num strong" if count else "num")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, and of what it is one."""

    graph: Graph
    picture: Html


class Pictures:
    """The newest picture of each flow and language: drawn off the loop, one at a time, for all who look."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, str], Drawn] = {}
        self._turn = asyncio.Lock()

    async def drawn(self, name: str, graph: Graph) -> Html:
        key = (name, graph.language)
        async with self._turn:
            there = self._drawn.get(key)
            if there is None or there.graph != graph:
                there = Drawn(graph, Html(await asyncio.to_thread(_inline, graph)))
                self._drawn.pop(key, None)
                self._drawn[key] = there
                if len(self._drawn) > MOST_PICTURES:
                    del self._drawn[next(iter(self._drawn))]
        return there.picture


def _inline(graph: Graph) -> str:
    """As it stands in a page: its style is the page's, whose policy knows no other."""
    return _STYLE.sub("", _STYLES.sub("", svg(graph)))


_PICTURES = Pictures()
