"""The wallboard, and the same for a screen on a wall. Figures carry names, by which events keep them up to date."""

from collections.abc import Mapping

from console.alarms import Alarm
from console.asked import Asked
from console.board import Seen
from console.pages import shown
from console.pages.frame import Content
from console.pages.markup import Html, el, join
from console.pages.words import say
from console.view import View

AGENT_STATES = ("ready", "talking", "offered", "wrap_up", "not_ready")
BAR = 100
COUNTS = ("number", "since")
SIGNS = {"bad": "!", "warn": "▲", "note": "i"}


class Board:
    """The parts of either board, in one language, at one moment."""

    def __init__(self, asked: Asked, view: View, seen: Seen) -> None:
        self.language = asked.language
        self.zone = view.zone.key
        self.seen = seen
        self.now_ms = view.now_ms()

    def say(self, key: str) -> str:
        return say(self.language, key)

    def figure(self, key: str, kind: str, tag: str = "span", **attributes: object) -> Html:
        """A figure that events keep up to date. Kinds: number, percent, whole (per cent), since."""
        value = self.seen.state.get(key)
        zero = "zero" if value is None or (not value and kind in COUNTS) else None
        return el(tag, self.text(key, kind), class_=zero, data_k=key, data_f=kind, **attributes)

    def text(self, key: str, kind: str) -> str:
        value = self.seen.state.get(key)
        if kind == "since":
            return shown.waited(int(value or 0), self.now_ms)
        if kind == "number":
            return shown.number(value, self.language)
        ratio = float(value) if isinstance(value, int | float) else None
        return (shown.percent if kind == "percent" else shown.whole_percent)(ratio, self.language)

    # --- alarms

    def alarms(self) -> Html:
        """Told politely as they change."""
        items = [self._alarm(one) for one in self.seen.alarms]
        calm = el("p", self.say("no_alarms"), class_="calm", hidden=bool(items))
        return el(
            "section",
            el("h2", self.say("alarms"), id="alarms", class_="unseen"),
            calm,
            el("ul", items, hidden=not items),
            class_="alarms",
            aria_labelledby="alarms",
            aria_live="polite",
            data_alarms=True,
            data_bad=self.say("bad"),
            data_warn=self.say("warn"),
            data_note=self.say("note"),
        )

    def _alarm(self, alarm: Alarm) -> Html:
        sign = el("span", SIGNS[alarm.level], class_="sign", aria_hidden="true")
        level = el("span", f"{self.say(alarm.level)}: ", class_="unseen")
        return el("li", sign, level, el("span", alarm.text(self.language)), class_=alarm.level)

    # --- the sums

    def sums(self) -> Html:
        """The figures of the whole installation."""
        return el(
            "section",
            el("h2", self.say("all"), id="sums", class_="unseen"),
            el(
                "dl",
                self._sum("waiting", self.figure("t|waiting", "number")),
                self._sum("longest", self.figure("t|oldest", "since")),
                self._sum("svargrad_now", *self._now_and_today("svargrad")),
                self._sum("servicegrad_now", *self._now_and_today("servicegrad")),
                self._sum("ready", self.figure("a|ready", "number"),
                          el("span", self.say("at_work").lower(), " ", self.figure("t|at_work", "number"))),
                self._sum("contacts", self.figure("t|contacts", "number"),
                          el("span", self.say("offered").lower(), " ", self.say("today"), " ",
                             self.figure("t|offered", "number"))),
            ),
            class_="sums",
            aria_labelledby="sums",
        )  # fmt: skip

    def _sum(self, word: str, figure: Html, beside: Html | None = None) -> Html:
        small = el("dd", beside, class_="beside") if beside is not None else None
        return el("div", el("dt", self.say(word)), el("dd", figure, class_="figure"), small)

    def _now_and_today(self, measure: str) -> tuple[Html, Html]:
        now = self.figure(f"t|{measure}_now", "percent")
        return now, el("span", self.say("today"), " ", self.figure(f"t|{measure}_today", "percent"))

    # --- queues

    def queues(self) -> Html:
        if not self.seen.queues:
            return el("section", el("h2", self.say("queues")), el("p", self.say("no_queues")), class_="queues")
        rows = [self._queue(name, title) for name, title in self.seen.queues]
        table = el("table", el("caption", self.say("queues"), class_="unseen"), self._head(), el("tbody", rows))
        box = el("div", table, class_="wide", tabindex="0", role="region", aria_label=self.say("queues"))
        note = el("p", self.say("board_text"), class_="quiet")
        return el("section", el("h2", self.say("queues")), box, note, class_="queues")

    def _head(self) -> Html:
        def over(key: str) -> Html:
            return el("th", self.say(key), colspan="2", scope="colgroup", class_="over")

        def column(key: str, **attributes: object) -> Html:
            return el("th", self.say(key), scope="col", rowspan="2", **attributes)

        first = [column("queue"), column("waiting"), column("longest"), over("svargrad"), over("servicegrad")]
        first += [column(key) for key in ("offered", "answered", "lost", "ready", "at_work")]
        second = [el("th", self.say(key), scope="col", class_="under") for key in ("now", "today") * 2]
        return el("thead", el("tr", first), el("tr", second))

    def _queue(self, name: str, title: str) -> Html:
        def cell(key: str, kind: str) -> Html:
            return self.figure(f"q|{name}|{key}", kind, "td")

        return el(
            "tr",
            el("th", title, scope="row"),
            el("td", self.figure(f"q|{name}|waiting", "number"), class_="waiting"),
            el("td", self.figure(f"q|{name}|oldest", "since"), self.flag(name, "oldest")),
            cell("svargrad_now", "percent"),
            cell("svargrad_today", "percent"),
            el("td", self.figure(f"q|{name}|servicegrad_now", "percent"), self.flag(name, "servicegrad_now")),
            el("td", self.bar(name), self.figure(f"q|{name}|servicegrad_today", "percent")),
            cell("offered", "number"),
            cell("answered", "number"),
            cell("lost", "number"),
            cell("ready", "number"),
            cell("at_work", "number"),
        )

    def flag(self, name: str, key: str) -> Html:
        """Says that a figure is not as it should be, in words for those who do not see the sign."""
        word = "over_target" if key == "oldest" else "below_goal"
        return el(
            "span",
            el("span", "▲" if key == "oldest" else "▼", aria_hidden="true"),
            el("span", self.say(word), class_="unseen"),
            class_="flag",
            data_flag=f"q|{name}|{key}",
            hidden=not self._off(name, key),
        )

    def _off(self, name: str, key: str) -> bool:
        state = self.seen.state
        value, target, goal = (state.get(f"q|{name}|{one}") for one in (key, "target", "goal"))
        if key == "oldest":
            return bool(value) and self.now_ms - float(value or 0) > float(target or 0) * 1000
        return value is not None and float(value) < float(goal or 0)

    def bar(self, name: str) -> Html:
        """The service level against its goal, for the eye alone: the figure stands beside it."""
        state = self.seen.state
        value, goal = state.get(f"q|{name}|servicegrad_today"), float(state.get(f"q|{name}|goal") or 0)
        part = float(value or 0)
        return el(
            "svg",
            el("rect", class_="all", width=BAR, height=6, rx=3),
            el("rect", class_="part", width=round(part * BAR, 1), height=6, rx=3,
               data_w=f"q|{name}|servicegrad_today"),
            el("rect", class_="goal", x=round(goal * BAR - 1, 1), y=-2, width=2, height=10),
            viewBox=f"0 -2 {BAR} 10", class_="meter", aria_hidden="true", focusable="false",
            data_meter=f"q|{name}|servicegrad_today", data_none=value is None,
        )  # fmt: skip

    # --- agents and sites

    def agents(self) -> Html:
        rows = [
            el("tr",
               el("th", el("span", class_=f"dot {state}", aria_hidden="true"), self.say(f"state_{state}"), scope="row"),
               self.figure(f"a|{state}", "number", "td"))
            for state in (*AGENT_STATES, "logged_out")
        ]  # fmt: skip
        table = el("table", el("caption", self.say("agents"), class_="unseen"), el("tbody", rows))
        return el("section", el("h2", self.say("agents")), self._shares(), table, class_="agents")

    def _shares(self) -> Html:
        """Agents by state as one line, for the eye alone."""
        counts = [int(self.seen.state.get(f"a|{state}") or 0) for state in AGENT_STATES]
        whole, at, parts = sum(counts) or 1, 0.0, []
        for state, count in zip(AGENT_STATES, counts, strict=True):
            width = 300 * count / whole
            parts.append(el("rect", class_=state, x=round(at, 2), width=round(width, 2), height=12, data_share=state))
            at += width
        return el("svg", parts, viewBox="0 0 300 12", preserveAspectRatio="none", class_="shares", aria_hidden="true",
                  data_shares=",".join(AGENT_STATES))  # fmt: skip

    def sites(self) -> Html | None:
        if not self.seen.sites:
            return None
        keys = ("ready", "talking", "at_work", "nodes")
        words = {"talking": "state_talking"}
        head = [el("th", self.say(words.get(key, key)), scope="col") for key in ("site", *keys)]
        rows = [
            el("tr", el("th", title, scope="row"), [self.figure(f"s|{name}|{key}", "number", "td") for key in keys])
            for name, title in self.seen.sites
        ]
        table = el("table", el("caption", self.say("sites"), class_="unseen"), el("thead", el("tr", head)),
                   el("tbody", rows))  # fmt: skip
        box = el("div", table, class_="wide", tabindex="0", role="region", aria_label=self.say("sites"))
        return el("section", el("h2", self.say("sites")), box, class_="sites")

    def status(self) -> Html:
        """Whether the figures are live; without scripts, that they come again by themselves."""
        return el(
            "p",
            el("span", class_="pulse", aria_hidden="true"),
            el("span", self.say("still"), role="status", data_status=True),
            class_="status",
            data_live=self.say("live"),
            data_away=self.say("away"),
            data_connecting=self.say("connecting"),
        )

    # --- the screen on a wall

    def screen(self) -> Html:
        keys = ("queue", "waiting", "longest", "svargrad", "servicegrad", "ready")
        head = el("tr", [el("th", self.say(key), scope="col") for key in keys])
        rows = [self._wide_row(name, title) for name, title in self.seen.queues]
        table = el("table", el("caption", self.say("queues"), class_="unseen"), el("thead", head), el("tbody", rows))
        clock = el("span", data_clock=self.zone, class_="clock")
        top = el(
            "div", el("h1", "svar", el("span", f" · {self.say('now_long')}")), self._wide_sums(), clock, class_="top"
        )
        foot = el("div", self.status(), el("a", self.say("leave_screen"), href="/"), class_="foot")
        return join(top, self.alarms(), table, foot)

    def _wide_sums(self) -> Html:
        parts = (("waiting", "t|waiting", "number"), ("svargrad", "t|svargrad_now", "whole"),
                 ("servicegrad", "t|servicegrad_now", "whole"), ("ready", "a|ready", "number"))  # fmt: skip
        return el(
            "dl", [el("div", el("dt", self.say(word)), self.figure(key, kind, "dd")) for word, key, kind in parts]
        )

    def _wide_row(self, name: str, title: str) -> Html:
        def cell(key: str, kind: str, flag: str = "") -> Html:
            return el("td", self.flag(name, flag) if flag else None, self.figure(f"q|{name}|{key}", kind))

        return el(
            "tr",
            el("th", title, scope="row"),
            cell("waiting", "number"),
            cell("oldest", "since", "oldest"),
            cell("svargrad_now", "whole"),
            cell("servicegrad_now", "whole", "servicegrad_now"),
            cell("ready", "number"),
        )


async def show(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The wallboard."""
    seen = view.seen()
    board = Board(asked, view, seen)
    head = el("div", el("h1", board.say("wallboard")), board.status(), class_="title")
    beside = el("div", board.agents(), board.sites(), class_="aside")
    body = join(head, board.alarms(), board.sums(), el("div", board.queues(), beside, class_="columns"))
    return Content(board.say("wallboard"), body, "board.js", live=True, shape=seen.shape)


async def show_screen(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The same, readable from the other end of the room."""
    seen = view.seen()
    board = Board(asked, view, seen)
    body = el("div", board.screen(), class_=f"wall {_room(len(seen.queues))}".strip())
    return Content(board.say("screen"), body, "board.js", live=True, bare=True, shape=seen.shape)


def _room(queues: int) -> str:
    """How small the letters have to be so that nobody has to scroll."""
    return next((name for most, name in ((12, ""), (16, "sixteen"), (20, "twenty")) if queues <= most), "many")
