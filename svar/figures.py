"""What the node's own figures mean, for `docs/metrics.md`: those of SIP, media, calls, trunks and TLS."""

MEANT: dict[str, str] = {
    "sip_messages_in_total": "messages that came in",
    "sip_messages_out_total": "messages that were sent, repeats among them",
    "sip_retransmissions_total": "messages that were sent again for want of an answer",
    "sip_parse_errors_total": "messages that could not be read",
    "sip_refused_total": "requests answered by 300 or above before a call began; a question for a password counts",
    "sip_overloaded_total": "of these, requests (calls, above all) that got 503: too many, too fast, or the node stops",
    "sip_dropped_total": "messages not answered: strangers' above their rate, and those that belong to nothing",
    "sip_sessions": "INVITE sessions, of callers and of agents' phones",
    "sip_dialogs": "dialogs",
    "sip_transactions": "transactions",
    "sip_deadlines": "timers that run",
    "sip_calls_limit_per_second": "new calls that are taken: `[limits] calls_per_s`, less while the node runs late",
    "sip_send_failures_total": "datagrams that the system did not take",
    "sip_connections": "TCP and TLS connections",
    "sip_connections_accepted_total": "connections that others opened",
    "sip_connections_opened_total": "connections that we opened",
    "sip_connections_refused_total": "connections that were closed at once: too many, or too fast",
    "sip_connections_overdue_total": "connections that were closed because their peer was too slow",
    "sip_connect_failures_total": "connections of ours that were not made",
    "sip_handshake_failures_total": "connections of others that ended before their handshake did",
    "rtp_legs": "legs, of callers and of agents' phones",
    "rtp_ticks_skipped_total": "packets (20 ms) that were not sent because the node was late for too long",
    "rtp_rtpengines": "rtpengines that answer (`[media] engine`)",
    "rtp_workers": "media workers that run (`[media] workers`)",
    "rtp_workers_lost_total": "media workers that died or hung",
    "calls_in_progress": "calls in progress",
    "calls_refused_total": "calls to numbers that are no service, and those above `[limits] calls`",
    "calls_commands_under_way": "commands to the distributor that wait for Redis",
    "calls_tasks": "asyncio's tasks",
    "flows_refused_total": "versions of the flows that this node could not serve",
    "flows_refusing": "those of them that it should serve now",
    "flows_reloads_total": "versions that were made ready to be served",
    "flows_reload_seconds": "how long the last one took, its prompts' sound included",
    "flows_held": "versions that somebody is in, or may come into",
    "canary_taken_back_total": "canaries that this node took back because they were worse",
    "build_info{version,python}": "1, by release of svar and version of Python",
    "node_info{node,site}": "1, by the names of the node and its site",
    "nodes_living": "nodes that live, this one included",
    "nodes_sites": "sites that have a living node",
    "site_nodes{site}": "nodes that serve callers, by site; 0 where all are gone or cut off from their trunks",
    "trunk_registered{trunk}": "1: registered at the trunk, 0: not",
    "trunk_up{trunk}": "1: the trunk answers, 0: not (`ping_s`)",
    "trunk_round_trip_seconds{trunk}": "how long its last answer took",
    "redis_up": "1: Redis answered within the last look (every 5 s), 0: not",
    "redis_round_trip_seconds": "how long its last answer took",
    "redis_replicas": "replicas that are in step, as their master has it",
    "redis_replicas_needed": "replicas that have to confirm what must not be lost (`[redis] wait_replicas`)",
    "redis_replica_behind_bytes": "what the last of them has yet to get",
    "redis_command_seconds": "how long commands to the distributor took",
    "events_behind_seconds": "how far the records and figures are behind the stream of events",
    "records_waiting": "call records and decisions that their database has not got yet; 20,000 at most",
    "records_away_seconds": "for how long their database could not be written; 0: it can",
    "records_failures_total": "tries to write them that failed",
    "spool_events": "the node's own events that are not in the stream yet",
    "spool_bytes": "of them, those that wait on disk since Redis is away",
    "spool_limit_bytes": "what may wait there; beyond it events are lost (`svar_events_lost_total`)",
    "disk_free_bytes": "room on the disk of the state folder",
    "disk_size_bytes": "that disk's size",
    "health_check_ok{check}": "1: the check of /health is well, 0: not",
    "distributor_overdue": "offers, wrap-ups and leases that are beyond their time limit in two looks",
    "queue_agents{queue,state}": "agents who may serve a queue, by state; one agent counts for several queues",
    "flow_steps_total{flow,step}": "contacts that came to a step of a flow",
    "flow_left_total{flow,step}": "contacts that hung up at a step and had reached nobody",
    "flow_ended_total{flow,step}": "contacts whose call was over in order at a step",
    "flows_in_service{version,arm}": "1: new contacts get this version, in this arm",
    "flows_contacts_total{arm}": "new contacts of this node by arm",
    "canary_contacts{arm,outcome}": "contacts since the canary began, over all nodes: through, menu_ended, failed",
    "duty_agents{queue}": "agents on duty for a queue by the rosters",
    "duty_away": "agents who are away by command",
    "reserves{rule,state}": "reserves that a rule has called in: called, on_duty",
    "partner_slots{partner}": "slots of a partner that are logged in, as this node has told",
    "crisis_on{crisis}": "1: this crisis is on",
    "crisis_heard_total{crisis}": "contacts that heard a crisis' message, over all nodes",
    "crisis_hung_up_total{crisis}": "of them, those that hung up during it or within 10 s after it",
    "crisis_deflected_total{crisis,outcome}": "contacts told something instead of waiting: ended, stayed, told",
    "crisis_rang_again_total{crisis}": "callers who met a crisis and rang again within 24 hours, each once",
    "crisis_callers_known{crisis}": "callers who would be seen to ring again",
    "crisis_callers_forgotten_total{crisis}": "callers who would have been, before a restart of this node",
    "invariant_violations_total{invariant}": "what must never happen and was seen, since the store was empty",
    "queue_balance{queue}": "O - A - L - F - W of the distributor's own numbers; anything but 0 is a fault",
    "api_deeds_total": "what was done to agents through the API, over all nodes",
    "api_deeds_refused_total": "what was refused there",
    "api_tokens_refused_total": "requests to this node without a good token",
    "phones_watched": "agents' phones that registered here and are asked whether they are there",
    "phones_silent": "of them, those that do not answer: their agents are logged out",
    "phones_asked_total": "questions to phones (OPTIONS)",
    "phones_unanswered_total": "questions that got no answer",
    "phones_lost_total": "phones that fell silent",
    "phones_back_total": "phones that answered again",
    "queue_concluded_total{queue}": "contacts that their agent concluded with a topic and that nobody else got",
    "avslutningsgrad_ratio{queue}": "of them, the share of today's answered",
    "tls_certificate_not_after_timestamp_seconds": "when our certificate ends, in seconds since 1970",
}
"""By name without `svar_`; what ends in `_total` only grows."""

HISTOGRAMS = ("redis_command_seconds",)
"""Of these, what is a histogram."""

METRICS = """\
`/metrics` of each node, in Prometheus' text format. [monitoring.md](monitoring.md) says how to scrape and read it,
[alerts.md](alerts.md) who is woken by what, [measures.md](measures.md) how each measure is defined.

- Seconds, bytes and ratios (0 to 1) everywhere; `_total` only grows, over restarts too where it is shared.
- Names of queues, sites, trunks and steps are labels, never parts of a name. Each label has a bound (200 queues,
  200 sites, 1,000 steps, 50 of the rest); what is beyond it is counted under `(other)` or left out. No caller and no
  agent is a label. Shared figures carry `tenant` besides the labels that stand here.
- **Every node reads the events of all nodes**, so what is told of queues, sites, agents, flows and crises is the whole
  country's on each of them. Take `max by (queue)` over instances, never `sum`, and of counters
  `max by (queue) (rate(...))`: the recording rules (`deploy/prometheus/recording.yaml`) do it.
- Histograms are classic ones with fixed bounds, on purpose: the share answered within 45 s is then exact (a bound lies
  there), every Prometheus and its relatives read them, and 14 series a queue are few. Native histograms need the
  protobuf format and a feature flag of Prometheus 2, and would give 45 s as an interpolation.
"""
"""The head of `docs/metrics.md`."""
