"""A strategy for whole folders of valid flows: every kind of node, sub-flows, shared blocks, calendars, crises."""

import json
from typing import Any

from hypothesis import strategies as st

Node = dict[str, Any]
MARKER = "7391193755"
"""Digits that callers press where they are asked for something personal."""
SECRET = "geheim-XQ"
"""What a look-up gives as personal."""
RESULTS = ["done", "other"]
CONDITIONS = st.sampled_from(
    [
        *('language == "en"', "tries >= 2", "flag", "not flag and tries < 3", 'case == "73"', "length(case) > 3"),
        *('crisis != ""', 'starts_with(number, "5")', 'name in ("", "x")', "known or flag", 'secret == "x"'),
    ]
)
SHARED = {
    "shared": "common",
    "prompts": {"sorry": {"nb": "Beklager.", "en": "Sorry."}},
    "waiting": {
        "standard": {
            "welcome": {"nb": "Du står i kø.", "en": "You are in the queue."},
            "position": {"nb": "Nummer {position} av {waiting}.", "en": "Number {position} of {waiting}."},
            "position_and_wait": {"nb": "{position}, {wait:duration}.", "en": "{position}, {wait:duration}."},
            "delayed": "sorry",
            "comfort": ["sorry"],
            "first_after": "2s",
            "every": "20s",
        }
    },
}
CALENDAR = {"calendar": "office", "weekly": {"mon-fri": "09:00-15:00"}, "days": {"12-24": "closed"}}
CRISIS = {
    "crisis": "storm",
    "title": "Storm",
    "message": {"nb": "Storm.", "en": "Storm."},
    "first": [{"queue": "q", "head_start": "5m", "when": "length(case) > 2"}],
    "deflect": [{"queue": "q", "say": {"nb": "Nei.", "en": "No."}, "end": True, "stay": 1, "when": "tries > 0"}],
}


class _Drawn:
    """Draws the nodes of one flow. `ahead` are those that a silent caller may go to, `names` all."""

    def __init__(self, draw: st.DrawFn, at: int, names: list[str], results: dict[str, list[str]]) -> None:
        self.draw = draw
        self.results = results
        self._any = st.sampled_from(names)
        self._ahead = st.sampled_from(names[at + 1 :] or names)

    def ahead(self) -> str:
        return self.draw(self._ahead)

    def any(self) -> str:
        return self.draw(self._any)

    def one(self, *among: Any) -> Any:
        return self.draw(st.sampled_from(among))

    def flip(self) -> bool:
        return self.draw(st.booleans())

    def text(self) -> Any:
        return self.one(
            "sorry",
            {"nb": "Velkommen.", "en": "Welcome."},
            {"nb": "Du har {tries} forsøk, {name}.", "en": "{tries:ordinal} try, {case} {purpose:date}."},
        )

    def maybe(self, **fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if self.flip()}


def _queue(d: _Drawn) -> Node:
    block: Any = "standard"
    if d.flip():
        rules = [
            {"after": "30s", "next": d.any()},
            {"when": d.one("agents == 0", "wait > 60 or flag"), "next": d.any()},
        ]
        block = {
            **d.maybe(welcome=d.text(), position={"nb": "{position}.", "en": "{position}."}, comfort=[d.text()]),
            "keys": {"1": d.any(), "*": d.any()},
            "overflow": rules[: d.one(0, 1, 2)],
        }
    times = {"max_wait": d.one("5s", "2m", "1h"), "priority": d.one("0s", "5m")}
    return {
        "queue": d.one("q", "q", "unknown"),
        "waiting": block,
        "overflow": d.any(),
        "unavailable": d.any(),
        **times,
        **d.maybe(next=d.any()),
        **d.one({}, {"closes": "office", "closing": d.ahead()}),
    }


def _menu(d: _Drawn) -> Node:
    keys = {key: d.any() for key in d.one("1", "12", "0#", "123456789*")}
    extra = d.maybe(silence=d.text(), wrong=d.text())
    return {"say": d.text(), "keys": keys, "wait": "3s", "attempts": d.one(1, 3), "no_choice": d.ahead(), **extra}


def _digits(d: _Drawn) -> Node:
    expect = d.one({"most": 10}, {"least": 3, "most": 10, "terminator": "*"}, {"pattern": "73########"})
    ways = {"next": d.any(), "no_entry": d.ahead()}
    return {"say": d.text(), "variable": "case", "expect": expect, "attempts": d.one(1, 2), "wait": "3s", **ways}


def _language(d: _Drawn) -> Node:
    choices = [{"key": 1, "language": "nb", "say": "Norsk."}, {"key": 2, "language": "en", "say": "English."}]
    return {"choices": choices, "default": d.one("nb", "en"), "wait": "2s", "next": d.ahead()}


def _set(d: _Drawn) -> Node:
    values = d.one({"tries": "tries + tries + 1"}, {"flag": "not flag"}, {"language": '"en"'}, {"name": "number"})
    return {"values": values, "next": d.ahead()}


def _hours(d: _Drawn) -> Node:
    always = d.maybe(always_open_when=d.draw(CONDITIONS), holiday=d.ahead())
    return {"calendar": "office", "open": d.ahead(), "closed": d.ahead(), **always}


def _lookup(d: _Drawn) -> Node:
    take = {
        "known": {"field": "known", "type": "true_or_false"},
        "secret": {"field": "person.0.secret", "personal": True, "required": False},
    }
    extra = d.maybe(meanwhile=d.text(), not_found=d.ahead(), causes={"timeout": d.ahead()})
    asks = {"service": "cases", "path": d.one("/a/{name}", ""), "timeout": "4s", **d.maybe(send={"case": "case"})}
    return {**asks, "take": take, "found": d.ahead(), "failed": d.ahead(), **extra}


def _deflect(d: _Drawn) -> Node:
    if d.flip():
        return {"say": d.text(), "next": d.ahead()}
    sms = {"nb": "Se nav.no {name}", "en": "See nav.no {name}"}
    ways = {"sent": d.ahead(), "refused": d.ahead(), "failed": d.ahead()}
    return {"say": d.text(), "sms": sms, "offer": d.text(), **d.maybe(ask=d.text()), **ways}


def _voicemail(d: _Drawn) -> Node:
    extra = d.maybe(too_short=d.text(), saved=d.text(), terminator="", silence="0s")
    return {"mailbox": "box", "say": d.text(), "most": "20s", "done": d.any(), "failed": d.ahead(), **extra}


def _callback(d: _Drawn) -> Node:
    say = {"nb": "Vi ringer {caller}.", "en": "We ring {caller}."}
    ways = {"done": d.any(), "refused": d.ahead(), "unavailable": d.ahead()}
    return {"queue": "q", "say": say, "ask": d.text(), "attempts": 2, **d.maybe(promised=say), **ways}


def _returning(d: _Drawn) -> Node:
    return {"say": d.text(), **d.maybe(code=d.text(), cancelled=d.text()), "stands": d.ahead(), "next": d.ahead()}


def _survey(d: _Drawn) -> Node:
    questions = [{"id": "helped", "say": d.text(), "keys": [1, 2]}, {"id": "grade", "say": d.text(), "keys": "1-5"}]
    extra = d.maybe(offer=d.text(), thanks=d.text())
    return {"survey": "after", "questions": questions[: d.one(1, 2)], "next": d.ahead(), **extra}


def _message(d: _Drawn) -> Node:
    if d.flip():
        return {"crisis": True, "next": d.ahead()}
    return {"say": d.text(), **d.maybe(until="2026-12-24 12:30", **{"from": "2026-11-01 00:00"}), "next": d.ahead()}


def _transfer(d: _Drawn) -> Node:
    how = d.one({}, {"how": "attended", "context": ["name"]}, {"how": "partner"})
    return {"to": "tax", "failed": d.ahead(), **how, **d.maybe(say=d.text())}


def _subflow(d: _Drawn) -> Node:
    flow = d.one(*d.results)
    take = {**d.maybe(tries="tries", language="language"), "ours": "case"}
    returns = {result: d.ahead() for result in d.results[flow]}
    return {"flow": flow, "with": d.maybe(purpose="number"), "take": take, "personal": ["ours"], "returns": returns}


_KINDS: dict[str, Any] = {
    "say": lambda d: {"say": d.text(), "next": d.ahead()},
    "branch": lambda d: {"cases": [{"when": d.draw(CONDITIONS), "next": d.ahead()}], "otherwise": d.ahead()},
    "hangup": lambda d: d.maybe(say=d.text()),
    "menu": _menu,
    "digits": _digits,
    "language": _language,
    "set": _set,
    "hours": _hours,
    "lookup": _lookup,
    "deflect": _deflect,
    "voicemail": _voicemail,
    "callback": _callback,
    "returning": _returning,
    "survey": _survey,
    "message": _message,
    "transfer": _transfer,
    "queue": _queue,
}


def _flow(draw: st.DrawFn, name: str, numbers: list[int], results: dict[str, list[str]]) -> dict[str, Any]:
    names = ["first", *(f"n{at}" for at in range(draw(st.integers(3, 9)))), "last"]
    kinds = sorted(_KINDS) + ["subflow"] * 3 * bool(results)
    nodes: dict[str, Node] = {}
    for at, node in enumerate(names):
        drawn = _Drawn(draw, at, names, results)
        kind = draw(st.sampled_from(kinds))
        if node == "last":
            nodes[node] = (
                {"type": "hangup"} if numbers else {"type": "return", "result": draw(st.sampled_from(RESULTS))}
            )
        else:
            nodes[node] = {"type": kind, **(_subflow if kind == "subflow" else _KINDS[kind])(drawn)}
    # What conditions name exists in every flow, and each has its end.
    asks = {"type": "lookup", "service": "cases", "take": _lookup(_Drawn(draw, 0, names, results))["take"]}
    nodes["asks"] = {**asks, "found": names[1], "failed": names[1]}
    ask = {"type": "digits", "say": "sorry", "variable": "case", "expect": {"most": 10}, "attempts": 1}
    nodes["ask"] = {**ask, "next": "asks", "no_entry": "asks"}
    cases = [{"when": draw(CONDITIONS), "next": "ask"}, {"when": "tries > 50", "next": "last"}]
    nodes["first"] = {"type": "branch", "cases": cases, "otherwise": names[1]}
    return {
        "flow": name,
        "title": name,
        "numbers": numbers,
        "languages": ["nb", "en"],
        "include": ["common"],
        "parameters": {"purpose": "24121990"},
        "variables": {"tries": 0, "flag": False, "name": ""},
        "answer": draw(st.sampled_from(["at_once", "late"])),
        "start": "first",
        "nodes": _reached(nodes),
    }


def _targets(value: Any) -> set[str]:
    """Every text in a node: among them the nodes that it leads to."""
    if isinstance(value, dict):
        return set().union(*map(_targets, value.values()))
    if isinstance(value, list):
        return set().union(*map(_targets, value))
    return {value} if isinstance(value, str) else set()


def _reached(nodes: dict[str, Node]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    ahead = ["first"]
    while ahead:
        name = ahead.pop()
        if name in nodes and name not in found:
            found[name] = nodes[name]
            ahead += _targets(nodes[name])
    return found


def _results(flow: dict[str, Any]) -> list[str]:
    return sorted({node["result"] for node in flow["nodes"].values() if node["type"] == "return"})


@st.composite
def folders(draw: st.DrawFn) -> dict[str, str]:
    """The files of a folder, by path. The number is 5000."""
    inner = _flow(draw, "inner", [], {})
    outer = _flow(draw, "outer", [], {"inner": _results(inner)})
    called = {"inner": _results(inner), "outer": _results(outer)}
    main = _flow(draw, "main", [5000], called)
    if not any(node["type"] == "message" and node.get("crisis") for node in main["nodes"].values()):
        main["nodes"]["storm"] = {"type": "message", "crisis": True, "next": main["start"]}
        main["start"] = "storm"
    files = {"main.yaml": main, "outer.yaml": outer, "inner.yaml": inner}
    wanted = {node.get("flow") for flow in files.values() for node in flow["nodes"].values()}
    for name in ("inner", "outer"):
        if name not in wanted:
            files.pop(f"{name}.yaml")
    more: dict[str, Any] = {"shared/common.yaml": SHARED, "calendars/office.yaml": CALENDAR}
    if any(
        node.get("queue") == "q" and node["type"] == "queue" for f in files.values() for node in f["nodes"].values()
    ):
        more["crises/storm.yaml"] = CRISIS
    return {path: json.dumps(content, ensure_ascii=False) for path, content in {**files, **more}.items()}
