import asyncio
import os
import shutil
import subprocess
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from events.catalogue import Event
from metrics.pipeline import Folds
from metrics.prometheus import MOST_HEALTH_FIGURES, Exposition, Labelled, Observed
from metrics.service_level import Limits
from tests.metrics.told import DAY_MS, answered, became, failed, left, offered, queued, started, stream, whole_call

OSLO = ZoneInfo("Europe/Oslo")
NOW_MS = DAY_MS + 3_600_000


def exposition(events: list[Event], tenant: str = "nav") -> Exposition:
    folds = Folds(tenant)
    folds.apply(stream(events))
    sources = {"sip": lambda: {"transactions": 3, "retransmissions_total": 4}, "rtp": lambda: {"Odd-name count": 1}}
    return Exposition([folds], zone=OSLO, health=sources, lag_s=lambda: 0.25, now_ms=lambda: NOW_MS)


async def samples(of: Exposition) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = (await of.render()).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset((k, v) for k, v in sample.labels.items() if k != "tenant")
            found[sample.name, labels] = sample.value
    return found


def of(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


async def test_estimates_are_shown_with_what_came_of_them() -> None:
    told = [replace(queued(f"c{n}"), estimate_ms=200_000, low_ms=120_000, high_ms=300_000) for n in range(4)]
    answers = [answered(f"c{n}", at_ms=DAY_MS + ms) for n, ms in enumerate((130_000, 250_000, 400_000))]
    found = await samples(exposition([*told, *answers, left("c3", at_ms=DAY_MS + 20_000)]))
    pensjon = of(queue="pensjon")
    expected = {
        ("svar_estimates_total", of(queue="pensjon", outcome="within")): 2,
        ("svar_estimates_total", of(queue="pensjon", outcome="later")): 1,
        ("svar_estimates_total", of(queue="pensjon", outcome="left")): 1,
        ("svar_estimates_short_seconds_total", pensjon): 250,
        ("svar_estimates_long_seconds_total", pensjon): 70,
        ("svar_estimate_coverage_ratio", pensjon): 2 / 3,
        ("svar_estimate_bias_seconds", pensjon): 60,
    }
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)


async def test_a_day_of_calls_shows_in_every_measure() -> None:
    events = [*whole_call("c1"), queued("c2"), left("c2", 50_000), queued("c3", at_ms=NOW_MS - 9_000), started("c3")]
    events += [queued("c4"), left("c4", 1_000, disposition="flowed_out", cause="overflow"), became("ola", "ready")]
    events += [offered("c3", "o9"), failed("c3", "busy", "o9"), queued("c5"), answered("c5", 60_000, agent="ola")]
    found = await samples(exposition(events))
    pensjon = of(queue="pensjon")
    expected = {
        ("svar_contacts_started_total", of(flow="main")): 2,
        ("svar_contacts_ended_total", of(outcome="answered")): 1,
        ("svar_queue_offered_total", pensjon): 5,
        ("svar_queue_answered_total", pensjon): 2,
        ("svar_queue_lost_total", of(queue="pensjon", cause="caller_hung_up")): 1,
        ("svar_queue_flowed_out_total", of(queue="pensjon", cause="overflow")): 1,
        ("svar_offers_total", pensjon): 2,
        ("svar_offers_failed_total", of(queue="pensjon", cause="busy")): 1,
        ("svar_talk_seconds_total", pensjon): 60,
        ("svar_wrap_up_seconds_total", pensjon): 30,
        ("svar_answer_wait_seconds_bucket", of(queue="pensjon", le="20.0")): 0,
        ("svar_answer_wait_seconds_bucket", of(queue="pensjon", le="45.0")): 1,
        ("svar_answer_wait_seconds_bucket", of(queue="pensjon", le="60.0")): 2,
        ("svar_answer_wait_seconds_bucket", of(queue="pensjon", le="+Inf")): 2,
        ("svar_answer_wait_seconds_count", pensjon): 2,
        ("svar_answer_wait_seconds_sum", pensjon): 90,
        ("svar_answer_wait_from_first_ring_seconds_sum", pensjon): 40,
        ("svar_lost_wait_seconds_sum", pensjon): 50,
        ("svar_queue_waiting", pensjon): 1,
        ("svar_queue_longest_wait_seconds", pensjon): 9,
        ("svar_rona_ratio", pensjon): 0.5,
        ("svar_answer_wait_mean_seconds", pensjon): 45,
        ("svar_answer_wait_median_seconds", pensjon): 45,
        ("svar_svargrad_ratio", pensjon): 2 / 3,
        ("svar_servicegrad_ratio", of(queue="pensjon", formula="servicegrad_45")): 1 / 3,
        ("svar_servicegrad_ratio", of(queue="pensjon", formula="of_answered")): 1 / 2,
        ("svar_servicegrad_ratio", of(queue="pensjon", formula="with_lost")): 1 / 3,
        ("svar_servicegrad_ratio", of(queue="pensjon", formula="without_short")): 1 / 3,
        ("svar_servicegrad_ratio", of(queue="pensjon", formula="of_offered")): 1 / 5,
        ("svar_agents", of(site="oslo", state="ready")): 2,
        ("svar_contacts_in_progress", of()): 4,
        ("svar_event_loop_lag_seconds", of()): 0.25,
        ("svar_sip_transactions", of()): 3,
        ("svar_sip_retransmissions_total", of()): 4,
        ("svar_rtp_odd_name", of()): 1,
    }
    assert {key: found.get(key) for key in expected} == {key: pytest.approx(v) for key, v in expected.items()}


async def test_a_measure_that_has_nothing_to_divide_by_is_left_out() -> None:
    found = await samples(exposition([queued("a")]))
    assert ("svar_queue_waiting", of(queue="pensjon")) in found
    ratios = {key for key in found if key[0].endswith("_ratio")}
    assert ratios == {("svar_servicegrad_ratio", of(queue="pensjon", formula="of_offered"))}


async def test_a_configured_queue_shows_before_anybody_calls() -> None:
    folds = Folds("nav", limits={"pensjon": Limits()})
    found = await samples(Exposition([folds], zone=OSLO))
    assert found["svar_queue_waiting", of(queue="pensjon")] == 0
    assert found["svar_queue_offered_total", of(queue="pensjon")] == 0


async def test_yesterdays_calls_are_in_the_counts_but_not_in_todays_measures() -> None:
    found = await samples(exposition([queued("a", at_ms=DAY_MS - 1), left("a", 1)]))
    assert found["svar_queue_offered_total", of(queue="pensjon")] == 1
    assert ("svar_svargrad_ratio", of(queue="pensjon")) not in found


async def test_labels_are_bounded_whatever_the_events_say() -> None:
    events: list[Event] = [queued(f"c{n}", f"q{n}") for n in range(300)]
    events += [became(f"a{n}", "ready", site=f"s{n}") for n in range(300)]
    found = await samples(exposition(events))
    assert len([key for key in found if key[0] == "svar_queue_offered_total"]) == 201
    assert len([key for key in found if key[0] == "svar_queue_waiting"]) == 200
    assert found["svar_agents", of(site="(other)", state="ready")] == 100


async def test_a_health_source_shows_a_bounded_number_of_figures() -> None:
    source = {f"figure_{n}": n for n in range(MOST_HEALTH_FIGURES + 50)}
    bare = Exposition([], zone=OSLO, health={"sip": lambda: source})
    names = [name for name, _ in await samples(bare) if name.startswith("svar_")]
    assert len(names) == MOST_HEALTH_FIGURES


async def test_figures_of_the_node_stand_beside_those_of_the_folds() -> None:
    many = Labelled("many_total", "Mange", ("of",), lambda: {(str(n),): n / 2 for n in range(9)}, 3)
    here = Labelled("here", "Her", (), lambda: {(): 1})
    shared = Labelled("there", "Der", ("queue",), lambda: {("pensjon",): 1}, shared=True)
    took = Observed("took_seconds", "Tid", lambda: ([("0.5", 1.0), ("+Inf", 2.0)], 3.5))
    meant = {"sip_transactions": "Transaksjoner: that are open"}
    shown = Exposition(
        [Folds("nav")], zone=OSLO, health={"sip": lambda: {"transactions": 1.5}}, labelled=[many, here, shared, took],
        meant=meant,
    )  # fmt: skip
    text = (await shown.render()).decode()
    assert "# HELP svar_sip_transactions Transaksjoner: that are open\n" in text
    assert 'svar_there{queue="pensjon",tenant="nav"} 1.0\n' in text
    found = await samples(shown)
    assert found["svar_many_total", of(of="2")] == 1
    assert ("svar_many_total", of(of="3")) not in found
    assert (found["svar_here", of()], found["svar_sip_transactions", of()]) == (1, 1.5)
    assert (found["svar_took_seconds_bucket", of(le="0.5")], found["svar_took_seconds_sum", of()]) == (1, 3.5)


async def test_a_queue_shows_its_target() -> None:
    found = await samples(Exposition([Folds("nav", limits={"desk": Limits(target_s=30)})], zone=OSLO))
    assert found["svar_queue_target_seconds", of(queue="desk")] == 30


async def test_two_tenants_stand_beside_each_other() -> None:
    nav, bydel = Folds("nav"), Folds("bydel")
    nav.apply(stream([queued("a")]))
    bydel.apply(stream([queued("a"), queued("b")]))
    text = (await Exposition([nav, bydel], zone=OSLO).render()).decode()
    assert 'svar_queue_offered_total{queue="pensjon",tenant="nav"} 1.0' in text
    assert 'svar_queue_offered_total{queue="pensjon",tenant="bydel"} 2.0' in text


async def test_scrapes_close_together_share_a_text_and_later_ones_do_not() -> None:
    folds = Folds("nav")
    now_ms = [NOW_MS]
    shown = Exposition([folds], zone=OSLO, now_ms=lambda: now_ms[0], keep_s=0.5)
    first = await shown.render()
    folds.apply(stream([queued("a")]))
    assert await shown.render() == first
    now_ms[0] += 500
    assert b'svar_queue_waiting{queue="pensjon"' in await shown.render()


async def test_no_personal_data_is_in_the_text() -> None:
    assert b"4722000000" not in await exposition(whole_call("c1")).render()


@pytest.mark.interop
async def test_promtool_finds_nothing_to_remark() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert "CI" not in os.environ, "promtool is missing: apt install prometheus"
        pytest.skip("promtool is missing: apt install prometheus")
    text = await exposition([*whole_call("c1"), queued("c2"), left("c2", 50_000), offered("c1"), failed("c1")]).render()
    command = [promtool, "check", "metrics"]
    checked = await asyncio.to_thread(subprocess.run, command, input=text, capture_output=True, timeout=30, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_proofs_and_transfers_show_by_queue_and_target() -> None:
    events = [*whole_call("c1"), queued("c2"), offered("c2", "o9", "help/1"), failed("c2", "busy", "o9", "help/1")]
    found = await samples(exposition(events))
    assert found["svar_cohort_balance", of(queue="pensjon")] == 0
    assert found["svar_transfer_answer_ratio", of(target="help")] == 0
    assert found["svar_partner_failed_total", of(partner="help", cause="busy")] == 1
    assert found["svar_contacts_by_units_total", of(units="1")] == 1
    assert found["svar_journey_wait_seconds_count", of(queue="pensjon")] == 1
