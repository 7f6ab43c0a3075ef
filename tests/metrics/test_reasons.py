"""Decisions in plain words."""

from dataclasses import replace
from typing import Any

import pytest

from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import Event, TransferBegun
from events.routing import OfferWithheld, TierOpened
from metrics.reasons import length, told
from tests.metrics.told import (
    DAY_MS,
    NODE,
    TENANT,
    answered,
    ended,
    failed,
    left,
    offered,
    partner_answered,
    partner_released,
    queued,
    released,
    started,
    stepped,
    transferred,
    wrapped_up,
)

COMMON: dict[str, Any] = {"at_ms": DAY_MS, "tenant": TENANT, "node": NODE, "contact": "c1"}


def withheld(reason: str, tier: int = 1, there: int = 3, working: int = 2, ahead: int = 0) -> Event:
    return OfferWithheld(
        at_ms=DAY_MS, tenant=TENANT, node=NODE, contact="c1", queue="family", tier=tier, reason=reason,
        there=there, working=working, ahead=ahead,
    )  # fmt: skip


def opened(why: str, tier: int = 2) -> Event:
    return TierOpened(at_ms=DAY_MS, tenant=TENANT, node=NODE, contact="c1", queue="family", tier=tier, why=why)


def begun(agent: str = "") -> Event:
    return TransferBegun(
        at_ms=DAY_MS, tenant=TENANT, node=NODE, contact="c1", how="attended", to="destination", target="skatt",
        agent=agent,
    )  # fmt: skip


def tiers(queue: str, tier: int) -> str:
    return {("family", 1): "own site", ("family", 2): "neighbours"}.get((queue, tier), "")


def in_words(event: Event) -> str:
    (sentence,) = told([event], tiers)
    assert (sentence.at_ms, sentence.event) == (event.at_ms, event)
    return sentence.text


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (started("c1"), "rang 600, was taken by the flow main"),
        (replace(queued("c1", "family"), position=4), "queued in family as number 4"),
        (
            replace(queued("c1", "family", DAY_MS, DAY_MS - 20_000), priority_s=60),
            "queued in family as number 1, with a head start of 60 s, counting the 20 s already waited",
        ),
        (withheld("nobody_logged_in"), "not offered: nobody of tier 1 (own site) is logged in"),
        (withheld("all_busy"), "not offered: all 2 of tier 1 (own site) who are at work are busy"),
        (
            withheld("all_on_break", tier=2, ahead=1),
            "not offered: all 3 of tiers 1 to 2 (neighbours) who are logged in are on a break; 1 waits before it",
        ),
        (
            withheld("all_busy", ahead=4),
            "not offered: all 2 of tier 1 (own site) who are at work are busy; 4 wait before it",
        ),
        (withheld("preferred_busy", 0), "not offered: the preferred agent is not free, and is waited for first"),
        (withheld("solar_flare", 3), "not offered: solar flare (tiers 1 to 3)"),
        (opened("after"), "tier 2 (neighbours) of family opened: its wait was long enough for it"),
        (opened("site_lost", 3), "tier 3 of family opened: the caller's site is lost"),
        (opened("moon"), "tier 2 (neighbours) of family opened: moon"),
        (failed("c1", rang_ms=20_000), "kari did not answer (no_answer, 20 s), place kept"),
        (failed("c1", "rejected", agent="help/2"), "the partner help rejected it (rejected, 0 s), place kept"),
        (failed("c1", "odd"), "kari did not take it (odd, 0 s), place kept"),
        (failed("c1", "caller_left", rang_ms=5_000), "the caller left while kari's phone rang (5 s)"),
        (
            failed("c1.cb", "caller_left", rang_ms=13_000),
            "kari was taken up with it for 13 s: the caller was not reached, or hung up",
        ),
        (answered("c1", 50_000), "kari answered after 2 s of ringing, 50 s in pensjon"),
        (left("c1", 50_000), "left pensjon after 50 s: lost (caller hung up)"),
        (left("c1", 50_000, disposition="flowed_out", cause="partner"), "left pensjon after 50 s: went on (partner)"),
        (partner_answered("c1", waited_ms=61_000), "the partner help answered after 5 s of ringing, 61 s in pensjon"),
        (released("c1"), "the talk with kari ended after 60 s (caller hung up)"),
        (partner_released("c1"), "the talk at the partner help ended after 70 s (caller hung up)"),
        (transferred("c1"), "blind transfer to the destination skatt: answered, after 1 s"),
        (
            CallbackPromised(**COMMON, first="c0", queue="family", chosen_ms=0, waited_ms=95_000, position=3),
            "the caller of contact c0 will be rung back, as contact c1; the place is kept: number 3 in family, "
            "95 s waited so far",
        ),
        (
            CallbackTried(**COMMON, queue="family", cause="no_answer", tries=1, again_ms=DAY_MS + 300_000),
            "caller and agent could not be put together (no answer, 1 tries in vain), again in 5 min, "
            "with the same place",
        ),
        (
            CallbackTried(**COMMON, queue="family", cause="busy", tries=3, again_ms=0),
            "caller and agent could not be put together (busy, 3 tries in vain), not again",
        ),
        (
            CallbackEnded(
                **COMMON, first="c0", queue="family", outcome="gave_up", cause="no_answer", tries=3, waited_ms=600_000
            ),
            "callback gave up (no answer), 10 min after the promise",
        ),
        (
            CallbackEnded(**COMMON, first="c0", queue="family", outcome="reached", cause="", tries=0, waited_ms=9_000),
            "callback reached, 9 s after the promise",
        ),
        (begun(), "the flow asked for the destination skatt (attended transfer)"),
        (begun("kari"), "kari asked for the destination skatt (attended transfer)"),
        (wrapped_up("c1"), "kari was through with it after 30 s of wrap-up, topic alderspensjon"),
        (ended("c1"), "over: answered (caller hung up), 90 s after the first ring"),
    ],
)
def test_each_decision_has_its_sentence(event: Event, words: str) -> None:
    assert in_words(event) == words


def test_what_decides_nothing_is_left_out() -> None:
    assert list(told([stepped("c1", "menu")])) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "offered to kari (oslo): the only one who stood ready for it, waited 46 s in all"),
        ({"candidates": 2}, "offered to kari (oslo): longest idle of 2 ready, waited 46 s in all"),
        ({"candidates": 2, "rule": "level"}, "offered to kari (oslo): fits best of 2 ready, waited 46 s in all"),
        ({"candidates": 2, "rule": "by_lot"}, "offered to kari (oslo): by lot of 2 ready, waited 46 s in all"),
        (
            {"candidates": 1, "rule": "preferred", "tier": 0},
            "offered to kari (oslo): the preferred agent, waited 46 s in all",
        ),
        (
            {"tier": 2, "total_waited_ms": 90_000},
            "offered to kari (oslo): the only one who stood ready for it, tier 2 (neighbours), "
            "waited 90 s in all, 46 s of it in family",
        ),
        (
            {"agent": "help/1", "partner": "help", "site": "", "candidates": 3, "tier": 3},
            "offered to the partner help: one of 3 free lines, tier 3, waited 46 s in all",
        ),
    ],
)
def test_an_offer_says_to_whom_and_why(values: dict[str, Any], words: str) -> None:
    made = replace(offered("c1", queue="family"), waited_ms=46_000)
    assert in_words(replace(made, **values)) == f"{words}, next in the order of those whom the agent may serve"


def test_a_caller_comes_with_the_site_and_the_wait_of_the_whole_journey() -> None:
    came = replace(queued("c1", "family"), site="oslo", since_ms=DAY_MS - 30_000)
    assert in_words(came) == "queued in family as number 1, caller's site oslo, counting the 30 s already waited"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-5, "0 s"),
        (400, "0 s"),
        (119_000, "119 s"),
        (120_000, "2 min"),
        (200_000, "3 min 20 s"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_waits_are_told_as_people_say_them(ms: int, words: str) -> None:
    assert length(ms) == words
