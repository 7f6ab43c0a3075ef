"""Tjeneste: one service (queue), or several of them."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import QUEUE, TENANT, Q, queue_rate
from svar.dashboards.panels import (
    ANSWERED,
    GOAL,
    STATES,
    Page,
    Query,
    Row,
    bars,
    lines,
    measure,
    number,
    told,
)  # fmt: skip


def _today(became: str) -> str:
    return f'sum(svar:queue_contacts:today{{{Q}, became="{became}"}})'


ENDED = f"({_today('answered')} + {_today('lost')})"


def page() -> Page:
    return Page(
        "svar-tjeneste",
        "Tjeneste · Service",
        "Én tjeneste: hvem venter, hvem får svar, og hvorfor ikke. One service: who waits, who is answered, why not.",
        (
            Row(5, tuple((4, panel) for panel in _now())),
            Row(8, ((12, _calls()), (12, _waits()))),
            Row(8, ((12, _level()), (12, _speed()))),
            Row(8, ((8, _agents()), (8, _lost()), (8, _flowed_out()))),
            Row(8, ((8, _variants()), (8, _handling()), (8, _callbacks()))),
            Row(8, ((12, _coverage()), (12, _bias()))),
        ),
        (TENANT, QUEUE),
    )


def _now() -> list[Panel]:
    longest = told("Lengste ventetid nå", "Longest wait now", "Den som har ventet lengst. Whoever has waited longest.")
    return [
        number(measure("ventende", "nå", "now"), f"sum(svar:queue_waiting:now{{{Q}}})"),
        number(longest, f"max(svar:queue_longest_wait_seconds:now{{{Q}}})", "s"),
        number(measure("svargrad", "i dag", "today"), f"{_today('answered')} / ({ENDED} > 0)", "percentunit", ANSWERED),
        number(
            measure("servicegrad_45", "i dag", "today"),
            f"{_today('answered_in_target')} / ({ENDED} > 0)",
            "percentunit",
            GOAL,
        ),
        number(measure("svartid_mean", "i dag", "today"), f"max(svar:queue_answer_wait_mean:today{{{Q}}})", "s"),
        number(measure("rona", "i dag", "today"), f"max(svar:queue_rona:today{{{Q}}})", "percentunit"),
    ]


def _calls() -> Panel:
    about = "Anrop i minuttet. Calls a minute: offered, answered, lost, flowed out."
    return lines(
        told("Anrop i minuttet", "Calls a minute", about),
        Query("60 * " + queue_rate("svar_queue_offered_total"), "Tilbudte · offered"),
        Query("60 * " + queue_rate("svar_queue_answered_total"), "Besvarte · answered"),
        Query("60 * " + queue_rate("svar_queue_lost_total"), "Tapte · lost"),
        Query("60 * " + queue_rate("svar_queue_flowed_out_total"), "Videreførte · flowed out"),
    )


def _waits() -> Panel:
    about = "Hvor mange som venter, og den som har ventet lengst. How many wait, and the longest wait in seconds."
    return lines(
        told("Ventende og lengste ventetid (s)", "Waiting and longest wait (s)", about),
        Query(f"sum(svar:queue_waiting:now{{{Q}}})", "Ventende · waiting"),
        Query(f"max(svar:queue_longest_wait_seconds:now{{{Q}}})", "Lengste (s) · longest"),
    )


def _level() -> Panel:
    about = (
        "Siste halvtime, etter når anropet ble besvart eller tapt. Dagens tall øverst går etter ankomst. "
        "The last half-hour, by the moment of answer or loss; today's figures above go by arrival. The line is 70 %."
    )
    return lines(
        told("Svargrad og servicegrad, siste halvtime", "Answer rate and service level, last half-hour", about),
        Query(f"svar:queue_svargrad:ratio30m{{{Q}}}", "Svargrad {{queue}}"),
        Query(f"svar:queue_servicegrad_45:ratio30m{{{Q}}}", "Innen 45 s {{queue}}"),
        unit="percentunit",
        goal=0.7,
    )


def _speed() -> Panel:
    def quantile(share: float) -> str:
        rates = f"sum by (tenant, queue, le, instance) (rate(svar_answer_wait_seconds_bucket{{{Q}}}[30m]))"
        return f"histogram_quantile({share}, sum by (le) (max by (tenant, queue, le) ({rates})))"

    about = "Halvparten, og ni av ti, fikk svar innen. Half of the answered, and nine in ten, waited no longer."
    return lines(
        told("Svartid, siste halvtime", "Speed of answer, last half-hour", about),
        Query(quantile(0.5), "Median"),
        Query(quantile(0.9), "9 av 10 · 9 in 10"),
        unit="s",
    )


def _agents() -> Panel:
    about = "De som kan svare for tjenesten, etter tilstand. Those who may serve it, by state."
    return lines(
        told("Veiledere", "Agents", about),
        Query(f'sum by (state) (svar:queue_agents:now{{{Q}, state!="logged_out"}})', "{{state}}"),
        stacked=True,
        named=STATES,
    )


def _lost() -> Panel:
    about = "Hvorfor anrop gikk tapt, per time. Why calls were lost, an hour."
    return lines(
        told("Tapte etter årsak", "Lost by cause", about),
        Query("3600 * " + queue_rate("svar_queue_lost_total", "cause"), "{{cause}}"),
    )


def _flowed_out() -> Panel:
    about = "Hvor anrop gikk videre, per time. Where calls went on to, an hour."
    return lines(
        told("Videreførte etter årsak", "Flowed out by cause", about),
        Query("3600 * " + queue_rate("svar_queue_flowed_out_total", "cause"), "{{cause}}"),
    )


def _variants() -> Panel:
    about = (
        "Samme trafikk, fem formler: hvilken som brukes, avgjør om målet er nådd. docs/measures.md har dem alle. "
        "The same traffic by five formulas; servicegrad_45 is the one that counts."
    )
    return bars(
        told("Servicegrad etter formel, i dag", "Service level by formula, today", about),
        Query(f"avg by (formula) (svar:queue_servicegrad:today{{{Q}}})", "{{formula}}"),
        "percentunit",
        GOAL,
    )


def _handling() -> Panel:
    talk, wrap_up = queue_rate("svar_talk_seconds_total"), queue_rate("svar_wrap_up_seconds_total")
    return lines(
        measure("aht"),
        Query(f"({talk} + {wrap_up}) / ({queue_rate('svar_queue_answered_total')} > 0)", "AHT"),
        unit="s",
    )


def _callbacks() -> Panel:
    about = "Lovede tilbakeringinger og hva det ble av dem, per time. Promised, and what came of it, an hour."
    return lines(
        told("Tilbakeringing", "Callbacks", about),
        Query("3600 * " + queue_rate("svar_callbacks_promised_total"), "Lovet · promised"),
        Query("3600 * " + queue_rate("svar_callbacks_ended_total", "outcome"), "{{outcome}}"),
    )


def _coverage() -> Panel:
    return lines(
        measure("ewt_coverage"),
        Query(
            f"svar:queue_estimates_true:increase3h{{{Q}}} / (svar:queue_estimates_checked:increase3h{{{Q}}} > 0)",
            "{{queue}}",
        ),
        unit="percentunit",
        goal=0.6,
    )


def _bias() -> Panel:
    return lines(
        measure("ewt_bias"), Query(f"max by (queue) (svar_estimate_bias_seconds{{{Q}}})", "{{queue}}"), unit="s"
    )
