"""What may be rung."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from svar import outbound
from svar.config import Callbacks, Config, Outbound, OutboundCaps, Trunk, TrunkAccount
from svar.outbound import AllowList

CARRIER = Trunk(name="carrier", address="sip:192.0.2.7:5070;transport=tcp", account=TrunkAccount(number="+4755553333"))


@pytest.mark.parametrize(
    ("number", "rung"),
    [
        ("22334455", "+4722334455"),
        ("+4791234567", "+4791234567"),
        ("004791234567", "+4791234567"),
        ("82012345", ""),  # premium
        ("+4782912345", ""),
        ("81012345", ""),  # shared cost
        ("88012345", ""),  # personal
        ("02800", ""),  # a service
        ("113", ""),
        ("1881", ""),
        ("+46701234567", ""),  # abroad
        ("+881612345678", ""),  # satellite
        ("+37190123456", ""),
        ("+12642351234", ""),
        ("", ""),
        ("anonymous", ""),
        ("2" * 40, ""),
        ("22334455;phone-context=+371", ""),
        ("22334455x99", ""),
    ],
)
def test_without_more_in_the_configuration_ordinary_norwegian_numbers_may_be_rung(number: str, rung: str) -> None:
    allowed = AllowList(Outbound()).allowed(number)
    assert (allowed.pii_number if allowed else "") == rung


def test_the_longest_prefix_says_what_a_call_costs() -> None:
    rules = AllowList(Outbound(costs={"+47": 1, "+479": 3, "+46": 5}))
    found = [rules.allowed(number) for number in ("+4722334455", "+4791234567", "+46701234567", "+4520123456")]
    assert [(one.prefix, one.cost) if one else None for one in found] == [("+47", 1), ("+479", 3), ("+46", 5), None]


def test_numbers_that_cost_more_have_to_be_named() -> None:
    assert AllowList(Outbound(premium=["+47820"])).allowed("82012345") is not None
    assert AllowList(Outbound(premium=["+47829"])).allowed("82012345") is None
    assert AllowList(Outbound(costs={"+46": 1}, premium=["+47820"])).allowed("82012345") is None


def test_a_call_counts_against_the_number_the_hour_the_day_and_the_budget_of_its_prefix() -> None:
    rules = AllowList(
        Outbound(
            costs={"+47": 1, "+46": 7},
            budget=100,
            budgets={"+46": 20},
            caps=OutboundCaps(per_number_per_day=2, per_hour=3, per_day=4),
        )
    )
    allowed = rules.allowed("+46701234567")
    assert allowed is not None
    caps = {cap.what: cap for cap in rules.caps(allowed, "hash")}
    assert {what: cap.most for what, cap in caps.items()} == {"number": 2, "hour": 3, "day": 4, "budget": 20}
    assert (caps["number"].whose, caps["budget"].whose, caps["budget"].amount) == ("hash", "+46", 7)
    assert {cap.window_s for cap in caps.values()} == {3_600, 86_400}
    assert "701234567" not in str(caps)


def test_calls_go_to_the_trunk_that_is_named_for_them() -> None:
    config = Config(trunk=[Trunk(name="other", address="sip:x.example"), CARRIER], outbound=Outbound(trunk="carrier"))
    allowed = AllowList(config.outbound).allowed("22334455")
    assert allowed is not None
    assert str(outbound.uri_of(config, allowed)) == "sip:+4722334455@192.0.2.7:5070;transport=tcp"


def mistakes(
    rules: Outbound, trunks: Sequence[Trunk] = (CARRIER,), callbacks: Callbacks | None = None
) -> Sequence[str]:
    return list(outbound.mistakes(Config(trunk=list(trunks), outbound=rules, callbacks=callbacks or Callbacks())))


def test_a_configuration_that_makes_sense_has_no_mistakes() -> None:
    assert mistakes(Outbound(trunk="carrier", costs={"+47": 1, "+46": 2}, budgets={"+46": 5})) == []
    assert mistakes(Outbound()) == []


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Outbound(trunk="carier"), "there is no such [[trunk]]; did you mean 'carrier'?"),
        (Outbound(trunk="carrier", region="XX"), "region = 'XX'"),
        (Outbound(trunk="carrier", costs={}), "costs: expected how numbers"),
        (Outbound(trunk="carrier", costs={"47": 1}), "costs: '47'"),
        (Outbound(trunk="carrier", costs={"+47": 0}), "costs: '+47' = 0"),
        (Outbound(trunk="carrier", budgets={"+46": 5}), "budgets: '+46': expected a prefix that stands in costs"),
        (Outbound(trunk="carrier", premium=["820"]), "premium: '820'"),
        (Outbound(trunk="carrier", budget=0), "budget = 0"),
        (Outbound(trunk="carrier", caps=OutboundCaps(per_hour=0)), "caps.per_hour = 0"),
    ],
)
def test_mistakes_are_told(rules: Outbound, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(rules)), mistakes(rules)


def test_a_trunk_without_an_address_takes_no_calls_out() -> None:
    told = mistakes(Outbound(trunk="carrier"), [replace(CARRIER, address="", networks=["192.0.2.0/24"])])
    assert told == ["[outbound] trunk 'carrier' has no address, so no calls go out by it"]
    told = mistakes(Outbound(trunk="carrier"), [replace(CARRIER, account=TrunkAccount())])
    assert told == ["[outbound] trunk 'carrier': account.number: expected the number that callers see"]


@pytest.mark.parametrize("field", ["tries", "again_min", "ring_s", "expires_h", "most"])
def test_bounds_of_callbacks_are_told(field: str) -> None:
    wrong: Any = {field: 0}
    (told,) = mistakes(Outbound(trunk="carrier"), callbacks=replace(Callbacks(), **wrong))
    assert told.startswith(f"[callbacks] {field} = 0: expected 1 to ")
    (told,) = mistakes(Outbound(trunk="carrier"), callbacks=replace(Callbacks(), says={}))
    assert told.startswith("[callbacks] says")
