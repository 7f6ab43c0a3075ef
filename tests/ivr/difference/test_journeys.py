"""How callers come to steps, and where sequences of choices end."""

from ivr.difference.journeys import MOST_PATHS, paths, routes, told
from tests.ivr.difference.sides import ENGLISH, NORWEGIAN, STANDING
from tests.ivr.picture.flows import flow_of_unreached, large

MAIN = STANDING.flows["main"]


def test_a_route_is_the_shortest_and_told_as_people_tell_it() -> None:
    found = routes(MAIN)
    assert told(MAIN, found["family"], ENGLISH) == "Dialling 5000, when open, pressing 3 at “Menu”"
    assert told(MAIN, found["closed"], NORWEGIAN) == "Den som ringer 5000, når det er stengt"
    assert "past_0" not in routes(large())


def test_a_flow_without_a_number_goes_by_its_name() -> None:
    flow = flow_of_unreached(
        "flow: part\ntitle: P\nlanguages: [nb]\nstart: a\nnodes:\n  a: {type: hangup, say: {nb: Ha det.}}\n"
    )
    assert told(flow, (), ENGLISH) == "In the flow part"


def test_paths_end_at_queues_and_goodbyes_and_do_not_go_round() -> None:
    found = paths(MAIN, ENGLISH)
    assert found["when open", "pressing 3"] == "the queue Family"
    assert found["when open", "pressing 9"] == "back to “Menu”"
    assert found["when closed",].startswith("“Closed” (goodbye")


def test_there_is_a_bound_on_paths() -> None:
    nodes = "".join(
        f"  m{at}: {{type: menu, say: {{nb: Tast 1 eller 2.}}, keys: {{1: m{at + 1}, 2: s{at}}}, no_choice: s{at}}}\n"
        f"  s{at}: {{type: say, say: {{nb: Hei.}}, next: m{at + 1}}}\n"
        for at in range(11)
    )
    flow = flow_of_unreached(
        f"flow: deep\ntitle: D\nnumbers: [50]\nlanguages: [nb]\nstart: m0\nnodes:\n{nodes}  m11: {{type: hangup}}\n"
    )
    assert len(paths(flow, ENGLISH)) == MOST_PATHS
