"""Telefoni: SIP, sound, trunks, and what a node stands on."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import INSTANCE, N
from svar.dashboards.panels import NONE_IS_WELL, WELL, Column, Page, Query, Row, bars, lines, number, rows, told


def page() -> Page:
    return Page(
        "svar-telefoni",
        "Telefoni · Telephony health",
        "Anrop, SIP, lyd, linjer og det nodene hviler på. Calls, SIP, sound, trunks and what nodes stand on.",
        (
            Row(5, tuple((4, panel) for panel in _now())),
            Row(8, ((8, _calls()), (8, _messages()), (8, _trouble()))),
            Row(8, ((8, _loss()), (8, _jitter()), (8, _round_trip()))),
            Row(8, ((8, _trunks()), (10, _nodes()), (6, _probe()))),
            Row(8, ((8, _late()), (8, _redis()), (8, _behind()))),
            Row(8, ((8, _cpu()), (8, _memory()), (8, _disk()))),
        ),
        (INSTANCE,),
    )


def _now() -> list[Panel]:
    up = told("Noder i drift", "Nodes up", "Noder som Prometheus når. Nodes that Prometheus reaches.")
    calls = told("Anrop nå", "Calls now", "Pågående anrop. Calls in progress.")
    legs = told("Lydveier nå", "Legs now", "Samtaleben med lyd. Legs with sound.")
    refused = told("Avvist siste 5 min", "Refused, 5 min", "Fikk 503: for mange eller for fort. Got 503.")
    redis = told("Redis", "Redis", "1: alle noder når Redis. 1: every node reaches it.")
    health = told("Sjekker som feiler", "Checks that fail", "Linjer i /health som ikke er i orden. Lines of /health.")
    return [
        number(up, 'sum(up{job="svar"})', steps=WELL),
        number(calls, f"sum(svar_calls_in_progress{{{N}}})"),
        number(legs, f"sum(svar_rtp_legs{{{N}}})"),
        number(refused, f"sum(increase(svar_sip_overloaded_total{{{N}}}[5m]))", steps=NONE_IS_WELL),
        number(redis, f"min(svar_redis_up{{{N}}})", steps=WELL),
        number(health, f"count(svar_health_check_ok{{{N}}} == 0) or vector(0)", steps=NONE_IS_WELL),
    ]


def _rate(name: str, over: str = "instance") -> str:
    return f"sum by ({over}) (rate({name}{{{N}}}[$__rate_interval]))"


def _calls() -> Panel:
    about = "Pågående anrop og lydveier per node. Calls in progress and legs, by node."
    return lines(
        told("Anrop og lydveier", "Calls and legs", about),
        Query(f"svar_calls_in_progress{{{N}}}", "Anrop {{instance}}"),
        Query(f"svar_rtp_legs{{{N}}}", "Lydveier {{instance}}"),
    )


def _messages() -> Panel:
    about = "SIP-meldinger i sekundet, inn og ut. SIP messages a second, in and out."
    return lines(
        told("SIP-meldinger", "SIP messages", about),
        Query(_rate("svar_sip_messages_in_total"), "Inn {{instance}}"),
        Query(_rate("svar_sip_messages_out_total"), "Ut {{instance}}"),
        unit="reqps",
    )


def _trouble() -> Panel:
    about = (
        "I sekundet: gjentatt fordi svar uteble, uleselig, avvist, avvist for last, forkastet. "
        "A second: sent again for want of an answer, unreadable, refused, refused for load, dropped."
    )
    names = {
        "retransmissions": "Gjentatt · again",
        "parse_errors": "Uleselig · unreadable",
        "refused": "Avvist · refused",
        "overloaded": "For last · overload",
        "dropped": "Forkastet · dropped",
    }
    rates = {f"sum(rate(svar_sip_{name}_total{{{N}}}[$__rate_interval]))": words for name, words in names.items()}
    asked = [Query(expr, words) for expr, words in rates.items()]
    return lines(told("SIP som ikke gikk glatt", "SIP that did not go smoothly", about), *asked, unit="reqps")


def _shared(name: str, over: str = "") -> str:
    """Of what every node counts for all: the rate of each, and the highest."""
    return f"max{over} (rate({name}[$__rate_interval]))"


def _loss() -> Panel:
    here, there = "svar_media_packets_lost_total", "svar_media_packets_lost_by_phones_total"
    received, sent = "svar_media_packets_received_total", "svar_media_packets_sent_total"
    about = (
        "Andel RTP-pakker som ble borte, på samtaler som er over: på vei hit, og på vei til telefonene slik de melder "
        "(RTCP). Over 1–2 % høres. The share of RTP packets lost, on closed legs: on the way here, and on the way to "
        "phones as they report it (RTCP). Above 1 to 2 % it is heard."
    )
    return lines(
        told("Pakketap", "Packet loss", about),
        Query(f"{_shared(here)} / ({_shared(here)} + {_shared(received)} > 0)", "Hit · to us"),
        Query(f"{_shared(there)} / ({_shared(sent)} > 0)", "Til telefonene · to phones"),
        unit="percentunit",
    )


def _jitter() -> Panel:
    seconds, legs = "svar_media_jitter_seconds_total", "svar_media_jitter_legs_total"
    about = "Midlere jitter på samtaler som er over: her, og hos telefonene. Mean of closed legs, here and at phones."
    return lines(
        told("Jitter", "Jitter", about),
        Query(f"{_shared(seconds, ' by (side)')} / ({_shared(legs, ' by (side)')} > 0)", "{{side}}"),
        unit="s",
    )


def _round_trip() -> Panel:
    seconds, legs = "svar_media_round_trip_seconds_total", "svar_media_round_trip_legs_total"
    about = "Midlere rundtid til telefonene (RTCP) og til linjene (OPTIONS). Mean round trip to phones and to trunks."
    return lines(
        told("Rundtid", "Round trip", about),
        Query(f"{_shared(seconds)} / ({_shared(legs)} > 0)", "Telefoner · phones"),
        Query(f"max by (trunk) (svar_trunk_round_trip_seconds{{{N}}})", "{{trunk}}"),
        unit="s",
    )


def _trunks() -> Panel:
    about = "Linjene slik nodene ser dem; tomt der ingen blir spurt (`ping_s`). Trunks as nodes see them."
    return rows(
        told("Linjer", "Trunks", about),
        "trunk",
        "Linje · Trunk",
        (
            Column("Noder som når den · Nodes that reach it", f"sum by (trunk) (svar_trunk_up{{{N}}})", steps=WELL),
            Column("Rundtid · Round trip", f"max by (trunk) (svar_trunk_round_trip_seconds{{{N}}})", "s"),
        ),
    )


def _nodes() -> Panel:
    about = "Nodene: om de nås, om alle sjekker er i orden, anrop. Nodes: reached, all checks well, calls."
    started = f'1000 * max by (instance) (process_start_time_seconds{{job="svar", {N}}})'
    return rows(
        told("Noder", "Nodes", about),
        "instance",
        "Node",
        (
            Column("Nås · Up", f'max by (instance) (up{{job="svar", {N}}})', steps=WELL),
            Column("Alle sjekker · All checks", f"min by (instance) (svar_health_check_ok{{{N}}})", steps=WELL),
            Column("Anrop · Calls", f"max by (instance) (svar_calls_in_progress{{{N}}})"),
            Column("Startet · Started", started, "dateTimeFromNow"),
        ),
    )


def _probe() -> Panel:
    about = (
        "Prøveanrop utenfra (`svar probe`): 1: det siste kom gjennom og hørte det det skulle. "
        "Calls from outside: 1: the last one got through and heard what it should."
    )
    return bars(
        told("Prøveanrop", "Probe calls", about),
        Query("max by (number) (svar_probe_success)", "{{number}}"),
        steps=WELL,
    )


def _late() -> Panel:
    about = "Hvor sent hendelsesløkken var, på det verste. Over 0,1 s høres. How late the event loop was, at worst."
    return lines(
        told("Forsinkelse", "Loop lag", about),
        Query(f"svar_event_loop_lag_seconds{{{N}}}", "{{instance}}"),
        unit="s",
    )


def _redis() -> Panel:
    about = "Ni og nitti av hundre kommandoer tok kortere tid. 99 in 100 commands took less."
    rates = f"sum by (instance, le) (rate(svar_redis_command_seconds_bucket{{{N}}}[$__rate_interval]))"
    return lines(
        told("Redis, 99 %", "Redis, 99th percentile", about),
        Query(f"histogram_quantile(0.99, {rates})", "{{instance}}"),
        unit="s",
    )


def _behind() -> Panel:
    about = "Hvor langt etter tallene er, og hendelser som venter. How far figures are behind, and events that wait."
    return lines(
        told("Etterslep (s) og ventende hendelser", "Behind (s), and events waiting", about),
        Query(f"svar_events_behind_seconds{{{N}}}", "Etter {{instance}}"),
        Query(f"svar_spool_events{{{N}}}", "Venter {{instance}}"),
    )


def _cpu() -> Panel:
    about = "Prosessortid; 1 er en hel kjerne. CPU; 1 is a whole core."
    return lines(
        told("Prosessor", "CPU", about),
        Query(f'rate(process_cpu_seconds_total{{job="svar", {N}}}[$__rate_interval])', "{{instance}}"),
        unit="percentunit",
    )


def _memory() -> Panel:
    about = "Minnet prosessen bruker. The process' memory."
    return lines(
        told("Minne", "Memory", about),
        Query(f'process_resident_memory_bytes{{job="svar", {N}}}', "{{instance}}"),
        unit="bytes",
    )


def _disk() -> Panel:
    about = "Ledig plass der tilstandsmappen ligger. Room on the disk of the state folder."
    return lines(
        told("Ledig disk", "Free disk", about),
        Query(f"svar_disk_free_bytes{{{N}}} / svar_disk_size_bytes{{{N}}}", "{{instance}}"),
        unit="percentunit",
    )
