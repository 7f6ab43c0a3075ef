"""Flows to draw: a small one, and one as large as people make them."""

from pathlib import Path

from ivr.files.flow import Flow
from ivr.files.load import load_flow, read_folder
from ivr.language.calendar import Calendar
from tests.ivr.engine import flow_of

FLOWS = Path(__file__).parents[3] / "flows"
SMALL = """
flow: small
title: "Små & <store> \\"saker\\""
numbers: [5000, 5001]
languages: [nb, en]
start: hours
nodes:
  hours: {type: hours, calendar: office, open: menu, closed: bye, holiday: bye}
  menu:
    type: menu
    say: {nb: "Køen, tast 1. Én gang til, tast 2.", en: "The queue, press 1."}
    keys: {1: wait, 2: again, 3: wait}
    no_choice: bye
  again: {type: set, values: {language: '"en"'}, next: menu}
  wait: {type: queue, queue: family, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det., en: Bye.}}
"""
OFFICE = Calendar("office", (((540, 900),),) * 5 + ((), ()))


def small() -> Flow:
    return flow_of(SMALL)


def shipped() -> list[Flow]:
    return [loaded.flow for loaded in read_folder(FLOWS).flows]


def large(areas: int = 8) -> Flow:
    """A menu of menus: seven steps an area, and sixty in all."""
    nodes = ["  hours: {type: hours, calendar: office, open: menu, closed: closed}"]
    keys = ", ".join(f"{at + 1}: menu_{at}" for at in range(areas))
    nodes.append(f"  menu: {{type: menu, say: {{nb: Velg et område.}}, keys: {{{keys}}}, no_choice: general}}")
    for at in range(areas):
        nodes += [
            f"  menu_{at}: {{type: menu, say: {{nb: Velg en sak.}}, keys: {{1: say_{at}, 2: a_{at}, 3: id_{at}, "
            "'*': menu}, no_choice: general}",
            f"  say_{at}: {{type: say, say: {{nb: Se også på nettet.}}, next: a_{at}}}",
            f"  id_{at}: {{type: digits, say: {{nb: Tast nummeret.}}, variable: id_{at}, expect: {{most: 8}}, "
            f"next: case_{at}, no_entry: b_{at}}}",
            f"  case_{at}: {{type: branch, cases: [{{when: 'id_{at} == \"1\"', next: a_{at}}}], otherwise: b_{at}}}",
            f"  a_{at}: {{type: queue, queue: a{at}, overflow: too_long, unavailable: unavailable}}",
            f"  b_{at}: {{type: queue, queue: b{at}, overflow: too_long, unavailable: unavailable}}",
            f"  past_{at}: {{type: say, say: {{nb: Nås ikke.}}, next: a_{at}}}",
        ]
    nodes.append("  general: {type: queue, queue: general, overflow: too_long, unavailable: unavailable}")
    nodes += [f"  {name}: {{type: hangup, say: {{nb: Ha det.}}}}" for name in ("closed", "too_long", "unavailable")]
    text = "flow: large\ntitle: Stort\nnumbers: [5100]\nlanguages: [nb]\nstart: hours\nnodes:\n" + "\n".join(nodes)
    return flow_of_unreached(text + "\n")


def flow_of_unreached(text: str) -> Flow:
    """A flow as it is, steps that nobody reaches among them."""
    flow, marked = load_flow("large.yaml", text)
    assert flow is not None, marked.problems
    return flow
