"""Veiledere: what agents are doing, and what hinders them. No agent is named."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import QUEUE, TENANT, Q, T, increase, queue_rate
from svar.dashboards.panels import STATES, Page, Query, Row, bars, lines, measure, number, told

WORKING = f'sum(svar:agents:now{{{T}, state=~"talking|wrap_up"}})'
READY = f'sum(svar:agents:now{{{T}, state=~"ready|offered"}})'


def page() -> Page:
    return Page(
        "svar-veiledere",
        "Veiledere · Agents",
        "Veilederne: tilstand, belegg, behandlingstid, ubesvarte tilbud. What agents do, and what hinders them.",
        (
            Row(5, tuple((6, panel) for panel in _now())),
            Row(9, ((14, _states()), (10, _work()))),
            Row(8, ((8, _offers()), (8, _missed()), (8, _duty()))),
            Row(8, ((8, _transfers()), (8, _units()), (8, _concluded()))),
        ),
        (TENANT, QUEUE),
    )


def _now() -> list[Panel]:
    inside = told("Logget inn nå", "Logged in now", "Veiledere som er logget inn. Agents who are logged in.")
    ready = told("Ledige nå", "Ready now", "Veiledere som er ledige. Agents who are ready.")
    pause = told("Ikke klare nå", "Not ready now", "Logget inn, men på pause. Logged in, and on a break.")
    occupied = told(
        "Belegg nå", "Occupancy now",
        "Andelen i samtale eller etterarbeid, av dem og de ledige, akkurat nå. Rapportene regner belegg av tid "
        "(docs/measures.md). The share in talks or wrap-up, of them and those ready, at this moment.",
    )  # fmt: skip
    return [
        number(inside, f'sum(svar:agents:now{{{T}, state!="logged_out"}})'),
        number(ready, f'sum(svar:agents:now{{{T}, state="ready"}})'),
        number(pause, f'sum(svar:agents:now{{{T}, state="not_ready"}})'),
        number(occupied, f"{WORKING} / ({WORKING} + {READY} > 0)", "percentunit"),
    ]


def _states() -> Panel:
    about = "Alle veiledere som er logget inn, etter tilstand. All who are logged in, by state."
    return lines(
        told("Tilstand", "States", about),
        Query(f'sum by (state) (svar:agents:now{{{T}, state!="logged_out"}})', "{{state}}"),
        stacked=True,
        named=STATES,
    )


def _work() -> Panel:
    about = "Sekunder per besvart anrop: samtale og etterarbeid. Seconds an answered call: talk and wrap-up."
    answered = queue_rate("svar_queue_answered_total")
    return lines(
        told("Behandlingstid", "Handling time", about),
        Query(f"{queue_rate('svar_talk_seconds_total')} / ({answered} > 0)", "Samtale · talk"),
        Query(f"{queue_rate('svar_wrap_up_seconds_total')} / ({answered} > 0)", "Etterarbeid · wrap-up"),
        unit="s",
        stacked=True,
    )


def _offers() -> Panel:
    about = "Tilbud til veiledere i minuttet. Offers to agents a minute."
    return lines(
        told("Tilbud", "Offers", about), Query("60 * " + queue_rate("svar_offers_total", "queue"), "{{queue}}")
    )


def _missed() -> Panel:
    about = "Tilbud som ingen tok, etter årsak, per time. Offers that were not taken, by cause, an hour."
    return lines(
        told("Ubesvarte tilbud (RONA)", "Missed offers (RONA)", about),
        Query("3600 * " + queue_rate("svar_offers_failed_total", "cause"), "{{cause}}"),
    )


def _duty() -> Panel:
    about = "Fraværende etter melding, og telefoner som ikke svarer. Away by command, and phones that do not answer."
    return lines(
        told("Fravær og tause telefoner", "Away, and silent phones", about),
        Query("max(svar_duty_away)", "Fravær · away"),
        Query("sum(svar_phones_silent)", "Tause telefoner · silent phones"),
    )


def _transfers() -> Panel:
    return bars(
        measure("overforingssvargrad"),
        Query(f"max by (target) (svar_transfer_answer_ratio{{{T}}})", "{{target}}"),
        "percentunit",
    )


def _units() -> Panel:
    return bars(
        measure("kasteball"),
        Query(increase("svar_contacts_by_units_total", "units", T, "units"), "{{units}} enhet(er)"),
    )


def _concluded() -> Panel:
    return bars(
        measure("avslutningsgrad", "i dag", "today"),
        Query(f"max by (queue) (svar:queue_avslutningsgrad:today{{{Q}}})", "{{queue}}"),
        "percentunit",
    )
