"""What Prometheus is shown of the folds: each family by the series it is made of (names without `svar_`, labels but the
tenant's). Help texts begin with the measure's Norwegian name.
"""

COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "contacts_started": ("contacts_started", "Henvendelser: contacts that a flow took", ("flow",)),
    "contacts_ended": ("contacts_ended", "Avsluttede henvendelser: contacts that ended, by outcome", ("outcome",)),
    "offered": ("queue_offered", "Tilbudte anrop (O): contacts that entered a queue", ("queue",)),
    "answered": ("queue_answered", "Besvarte anrop (A): contacts that an agent answered", ("queue",)),
    "lost": ("queue_lost", "Tapte anrop (L): contacts left unanswered, by cause", ("queue", "cause")),
    "flowed_out": ("queue_flowed_out", "Videresendte anrop (F): contacts that flowed out", ("queue", "cause")),
    "offers": ("offers", "Tilbud til veileder: offers made to agents", ("queue",)),
    "offers_failed": (
        "offers_failed",
        "Ubesvarte tilbud: offers that no agent took (RONA), by cause",
        ("queue", "cause"),
    ),
    "lookups": ("lookups", "Oppslag: look-ups of flows, by service and outcome", ("service", "outcome")),
    "deflections": ("deflections", "Avledede henvendelser: callers told of another way", ("to", "outcome")),
    "voicemails": ("voicemails", "Talebeskjeder: messages that callers left, by mailbox", ("mailbox",)),
    "survey_answers": (
        "survey_answers",
        "Svar på spørreundersøkelser: answers of callers after a talk",
        ("survey", "question", "answer"),
    ),
    "media_sent": ("media_packets_sent", "Mediepakker sendt: RTP packets sent on closed legs", ()),
    "media_received": ("media_packets_received", "Mediepakker mottatt: RTP packets received on closed legs", ()),
    "media_lost": ("media_packets_lost", "Mediepakker tapt: RTP packets that never came on closed legs", ()),
    "media_peer_lost": (
        "media_packets_lost_by_phones",
        "Mediepakker tapt hos motparten: RTP packets that phones reported as lost on closed legs",
        (),
    ),
    "media_jitter_legs": ("media_jitter_legs", "Målte samtaleben: closed legs whose jitter was measured", ("side",)),
    "media_round_trip_legs": (
        "media_round_trip_legs",
        "Målte samtaleben: closed legs whose round trip was measured",
        (),
    ),
    "media_timeouts": ("media_timeouts", "Tause samtaler: legs that sent nothing for too long", ()),
    "events_lost": ("events_lost", "Tapte hendelser: events that a full spool could not keep", ()),
    "transfers": (
        "transfers",
        "Overføringer: transfers within talks, by target and outcome",
        ("how", "target", "outcome"),
    ),
    "partner_offers": ("partner_offers", "Tilbud til partnere: contacts that a partner was rung for", ("partner",)),
    "partner_answered": ("partner_answered", "Besvart av partner: contacts that a partner took", ("partner",)),
    "partner_failed": (
        "partner_failed",
        "Ikke besvart av partner: contacts that a partner was rung for and did not take; they kept their place",
        ("partner", "cause"),
    ),
    "estimates": (
        "estimates",
        "Anslått ventetid: estimates at the entry by what came of them (silent: not told; left: nothing is known)",
        ("queue", "outcome"),
    ),
    "callbacks_promised": ("callbacks_promised", "Lovede tilbakeringinger: callers promised to be rung", ("queue",)),
    "callbacks_tried": (
        "callbacks_tried",
        "Forsøk uten svar: tries that put no agent and caller together, by cause",
        ("queue", "cause"),
    ),
    "callbacks_ended": (
        "callbacks_ended",
        "Tilbakeringinger: promises that are over, by outcome; they are F of the queue, and counted by themselves",
        ("queue", "outcome"),
    ),
    "units_met": (
        "contacts_by_units",
        "Kasteball: contacts by how many units (queues, partners, destinations) had them one after the other",
        ("units",),
    ),
}
SECONDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "estimate_short_ms": ("estimates_short_seconds", "Anslag for kort: waits beyond the estimate", ("queue",)),
    "estimate_long_ms": ("estimates_long_seconds", "Anslag for langt: waits below the estimate", ("queue",)),
    "partner_talk_ms": ("partner_talk_seconds", "Samtaletid hos partnere: talks at partners", ("partner",)),
    "talk_ms": ("talk_seconds", "Samtaletid: time that agents talked with callers", ("queue",)),
    "lookup_ms": ("lookup_seconds", "Oppslagstid: time that look-ups took", ("service",)),
    "wrap_up_ms": ("wrap_up_seconds", "Etterarbeid: time that agents worked on after a call", ("queue",)),
    "media_jitter_ms": (
        "media_jitter_seconds",
        "Jitter: of closed legs in all, as heard here and as phones reported; by svar_media_jitter_legs its mean",
        ("side",),
    ),
    "media_round_trip_ms": (
        "media_round_trip_seconds",
        "Rundtid: to phones and back, of closed legs in all; by svar_media_round_trip_legs its mean",
        (),
    ),
}
HISTOGRAMS: dict[str, tuple[str, str]] = {
    "answer_wait": ("answer_wait_seconds", "Svartid: wait of the answered, from entering the queue"),
    "total_wait": (
        "answer_wait_from_first_ring_seconds",
        "Svartid total: the same from the first ring, menus included",
    ),
    "lost_wait": ("lost_wait_seconds", "Ventetid for tapte anrop: wait of those left unanswered"),
    "journey_wait": (
        "journey_wait_seconds",
        "Samlet ventetid: wait in all queues and with partners of one contact, by its last queue",
    ),
}
