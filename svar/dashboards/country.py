"""Landet: the country at a glance, for somebody who sees it for the first time."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import TENANT, T
from svar.dashboards.panels import (
    ANSWERED,
    GOAL,
    NONE_IS_WELL,
    STATES,
    Column,
    Page,
    Query,
    Row,
    bars,
    lines,
    measure,
    note,
    number,
    rows,
    told,
)  # fmt: skip

HOW = """\
**Slik leses siden.** Øverst: nå og i dag, for hele landet. Grønn servicegrad er 70 % eller mer besvart innen målet
(45 s). Under: hvor mange som ringer og får svar, så hver tjeneste for seg, den med flest ventende øverst. Hva en alarm
betyr, står i `docs/alerts.md`. Hold pekeren over (i) for definisjonen av et mål.

**How to read this.** The first row is now and today, for the whole country; green service level means that 70 % or
more were answered within the target (45 s). Below: calls in and answered, then each service, most waiting first. What
an alarm means stands in `docs/alerts.md`. The (i) of a panel has its definition. The links at the top lead to one
service, one site, agents, telephony and flows.
"""


def _today(became: str) -> str:
    return f'sum(svar:queue_contacts:today{{{T}, became="{became}"}})'


ENDED = f"({_today('answered')} + {_today('lost')})"


def page() -> Page:
    return Page(
        "svar-land",
        "Landet · Country overview",
        "Hele landet på ett blikk. The whole country at a glance.",
        (
            Row(5, ((24, note("Slik leses siden · How to read this", HOW)),)),
            Row(5, tuple((4, panel) for panel in _now())),
            Row(8, ((12, _calls()), (12, _waiting()))),
            Row(10, ((24, _services()),)),
            Row(7, ((12, _agents()), (12, _alarms()))),
        ),
        (TENANT,),
    )


def _now() -> list[Panel]:
    waits = told("Lengste ventetid nå", "Longest wait now", "Den som har ventet lengst. Whoever has waited longest.")
    ready = told("Ledige veiledere nå", "Agents ready now", "Logget inn og ledige. Logged in and ready.")
    return [
        number(measure("ventende", "nå", "now"), f"sum(svar:queue_waiting:now{{{T}}})"),
        number(waits, f"max(svar:queue_longest_wait_seconds:now{{{T}}})", "s"),
        number(measure("svargrad", "i dag", "today"), f"{_today('answered')} / ({ENDED} > 0)", "percentunit", ANSWERED),
        number(
            measure("servicegrad_45", "i dag", "today"),
            f"{_today('answered_in_target')} / ({ENDED} > 0)",
            "percentunit",
            GOAL,
        ),
        number(ready, f'sum(svar:agents:now{{{T}, state="ready"}})'),
        number(
            told("Alarmer", "Alarms", "Alarmer som er på nå. Alarms that are on now."),
            'count(ALERTS{alertstate="firing"}) or vector(0)',
            steps=NONE_IS_WELL,
        ),
    ]


def _calls() -> Panel:
    def rate(name: str) -> str:
        rates = f"sum without (cause) (rate(svar_queue_{name}_total{{{T}}}[$__rate_interval]))"
        return f"60 * sum(max by (tenant, queue) ({rates}))"

    about = "Anrop i minuttet som kom i kø, ble besvart, og gikk tapt. Calls a minute: offered, answered, lost."
    return lines(
        told("Anrop i minuttet", "Calls a minute", about),
        Query(rate("offered"), "Tilbudte · offered"),
        Query(rate("answered"), "Besvarte · answered"),
        Query(rate("lost"), "Tapte · lost"),
    )


def _waiting() -> Panel:
    about = "De ti tjenestene der flest venter. The ten services where most are waiting."
    return lines(
        told("Ventende per tjeneste", "Waiting by service", about),
        Query(f"topk(10, svar:queue_waiting:now{{{T}}})", "{{queue}}"),
        stacked=True,
    )


def _services() -> Panel:
    about = "Hver tjeneste nå og i dag, flest ventende øverst. Each service now and today."
    return rows(
        told("Tjenestene", "Services", about),
        "queue",
        "Tjeneste · Service",
        (
            Column("Venter · Waiting", f"sort_desc(sum by (queue) (svar:queue_waiting:now{{{T}}}))"),
            Column("Lengste · Longest", f"max by (queue) (svar:queue_longest_wait_seconds:now{{{T}}})", "s"),
            Column("Tilbudt i dag · Offered", f'sum by (queue) (svar:queue_contacts:today{{{T}, became="offered"}})'),
            Column("Svargrad i dag", f"max by (queue) (svar:queue_svargrad:today{{{T}}})", "percentunit", ANSWERED),
            Column(
                "Servicegrad 70/45 i dag",
                f'max by (queue) (svar:queue_servicegrad:today{{{T}, formula="servicegrad_45"}})',
                "percentunit",
                GOAL,
            ),
            Column("Ledige · Ready", f'sum by (queue) (svar:queue_agents:now{{{T}, state="ready"}})'),
            Column("Logget inn · Logged in", f"sum by (queue) (svar:queue_agents_logged_in:now{{{T}}})"),
        ),
    )


def _agents() -> Panel:
    about = "Veilederne etter tilstand. Agents by state."
    return lines(
        told("Veiledere", "Agents", about),
        Query(f'sum by (state) (svar:agents:now{{{T}, state!="logged_out"}})', "{{state}}"),
        stacked=True,
        named=STATES,
    )


def _alarms() -> Panel:
    about = "Alarmene som er på. docs/alerts.md sier hva hver av dem betyr. Alarms that are on, and how many of each."
    return bars(
        told("Alarmer som er på", "Alarms that are on", about),
        Query('count by (alertname, severity) (ALERTS{alertstate="firing"})', "{{alertname}} ({{severity}})"),
        steps=NONE_IS_WELL,
    )
