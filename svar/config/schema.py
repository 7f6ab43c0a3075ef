"""What may be configured, with its defaults. The comments above the fields become `docs/configuration.md`."""

from dataclasses import dataclass, field

from svar.config.fields import required, setting
from svar.config.records import Records
from svar.config.talk import Talk


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """This process."""

    tenant: str = setting("name of the organisation, part of every key and topic", "svar")
    name: str = setting("name of this node; empty: the host's", "")
    site: str = setting("the contact centre that it stands at", "main")
    zone: str = setting("time zone in which a day begins", "Europe/Oslo")
    keep_callers: bool = setting("keep callers' numbers in the events and call records", default=False)
    state: str = setting(
        "folder for what is kept: store, records, passwords, prompts; begins where svar is started", "state"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sip:
    """The SIP endpoint."""

    host: str = setting("address to listen on; loopback unless you say otherwise", "127.0.0.1")
    host6: str = setting("IPv6 address to listen on beside it; empty: none", "")
    port: int = setting("UDP and TCP port; 0 takes free ones", 5060)
    tcp: bool = setting("listen for SIP over TCP too", default=True)
    phone_check_s: int = setting("between questions whether an agent's phone is there (OPTIONS); 0: never", 30)
    keep_alive_s: int = setting("between keep-alives on connections that we opened (RFC 5626); 0: none", 90)
    domains: list[str] = setting("names that are ours besides the address: phones register there", ["svar.localhost"])
    realm: str = setting("realm of the digest challenge", "svar")
    advertised: str = setting("IPv4 address by which others reach us, behind a NAT; empty: the one that leads out", "")
    nameservers: list[str] = setting("DNS servers, as address or address:port; empty: the system's", [])
    session_timers: str = setting("`accept` them, `require` them in every call, or `off` (RFC 4028)", "accept")
    session_expires_s: int = setting("how long a session stands that nobody refreshes", 1800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """SIP over TLS. Files are PEM, relative to this file, and read again when they change or on SIGHUP."""

    port: int = setting("TCP port; 0 takes a free one", 5061)
    certificate: str = setting("our certificate and its chain; empty: TLS is not listened to", "")
    key: str = setting("its private key; empty: it stands in the certificate's file", "")
    ca: str = setting("authorities that vouch for peers' certificates; empty: the system's, for servers alone", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken on; above it callers get 503 with Retry-After."""

    calls: int = setting("calls in progress", 6000)
    calls_per_s: int = setting("new calls a second; one core was measured to take 350", 300)
    stranger_requests_per_s: int = setting("requests a second from one address that is no trunk", 10)
    connections: int = setting("TCP and TLS connections; half of the process' descriptors at most", 4000)
    stranger_connections: int = setting("those of one address that is no trunk and where no phone registered", 32)
    shutdown_s: int = setting("how long calls in progress may go on after a stop was asked for", 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """RTP."""

    host: str = setting("address for RTP; empty: that of SIP", "")
    first_port: int = setting("first (even) RTP port", 20000)
    last_port: int = setting("last RTP port", 32766)
    workers: int = setting("processes of their own that carry media; 0: the one that speaks SIP does", 0)
    advertised: str = setting(
        "address that callers send their voices to; empty: [sip] advertised, else the bound one", ""
    )
    rtcp: bool = setting("send and take reports of loss and jitter (RTCP)", default=True)
    engine: str = setting("who carries media: `own`, or `rtpengine` (docs/rtpengine.md)", "own")
    rtpengine: list[str] = setting("where each rtpengine listens for ng, as address:port", [])
    rtpengine_keys: str = setting("UDP address:port of ours that their `dtmf-log-dest` names", "127.0.0.1:2225")


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """The console for people, the API, /metrics and /health (docs/console.md)."""

    host: str = setting("address to listen on; beyond loopback only with `certificate`, or `plain`", "127.0.0.1")
    port: int = setting("TCP port; 0 takes a free one", 8080)
    certificate: str = setting("our certificate and its chain (PEM), relative to this file; empty: no TLS", "")
    key: str = setting("its private key; empty: it stands in the certificate's file", "")
    plain: bool = setting("listen beyond loopback without TLS: passwords can be read on the way", default=False)
    proxies: list[str] = setting("networks of proxies whose X-Forwarded-For and -Proto are believed", [])
    scrapers: list[str] = setting("networks that get /metrics, /health and /live without a token, besides loopback", [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """The distributor's store."""

    url: str = setting(
        "redis://, rediss://, unix://, sentinel:// or cluster:// (docs/sites.md); empty: an embedded one is started", ""
    )
    wait_replicas: int = setting("replicas that must confirm what was promised (WAIT); 0 where there are none", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """How the nodes that share a Redis reach each other (docs/sites.md)."""

    address: str = setting(
        "where other nodes send to, such as sip:192.0.2.7:5061;transport=tls; empty: where SIP is listened to", ""
    )
    hosts: list[str] = setting("addresses that they see us send from, besides that one and those of [sip]", [])
    srtp: str = setting("encrypted media between nodes: `refused`, `preferred` or `required`", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt:
    """Where wallboards and integrations listen."""

    url: str = setting("mqtt:// address; empty: an embedded broker is started; `off`: none at all", "")
    ca: str = setting(
        "authorities that vouch for its certificate (PEM), relative to this file; empty: the system's", ""
    )
    commands: bool = setting("take what agents do (docs/api.md) over MQTT too, by the token in each", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The services that callers reach."""

    folder: str = setting("folder of flow files, relative to this file", "flows")
    settings: dict[str, str | int | bool] = setting("first values of variables that flows declare, such as `demo`", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkAccount:
    """What a trunk knows us by. The password stands in a file or the environment, never here."""

    user: str = setting("user that we register and prove ourselves as; empty: neither", "")
    realm: str = setting("realm of its challenges, the only one that is answered; empty: the host of its address", "")
    password_file: str = setting("file with the password; empty: trunk-NAME.password in the state folder", "")
    password_env: str = setting("environment variable with the password, in place of a file", "")
    register: bool = setting("register there, and stay registered", default=False)
    expires_s: int = setting("for how long at a time", 600)
    number: str = setting("number that our calls come from; empty: the user", "")
    asserts: bool = setting("say that number in P-Asserted-Identity too", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirects:
    """Where a trunk may send our calls by a 3xx, besides to itself for the number that was dialled."""

    hosts: list[str] = setting("other hosts", [])
    prefixes: list[str] = setting("beginnings of other numbers", [])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkMedia:
    """How media goes with a trunk."""

    srtp: str = setting("encrypted media: `refused`, `preferred` or `required`", "refused")
    tones: bool = setting("hear keys in the voice where its callers send no telephone events", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A peer that may ring our service numbers without a password: known by its addresses, or by its certificate. With
    an address, calls go out by it too (docs/trunks.md).
    """

    name: str = required("its name in logs, metrics and records")
    networks: list[str] = setting("addresses or networks that it calls from", [])
    certificate: str = setting("the name in its certificate (RFC 5922): it may call from anywhere then, over TLS", "")
    ca: str = setting("authorities that vouch for its certificate where we connect to it; empty: those of [tls]", "")
    verify: bool = setting("check its certificate where we connect to it; false: anybody may pose as it", default=True)
    calls_per_s: int = setting("new calls a second; 0: no limit of its own", 0)
    address: str = setting("where calls go out to, such as sip:carrier.example;transport=tls; empty: none do", "")
    trusted: bool = setting("believe who it says calls: P-Asserted-Identity, Diversion, History-Info", default=False)
    media: TrunkMedia = field(default_factory=TrunkMedia)
    account: TrunkAccount = field(default_factory=TrunkAccount)
    redirects: Redirects = field(default_factory=Redirects)
    ping_s: int = setting("between questions whether it lives (OPTIONS); 0: never", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An ACD queue."""

    name: str = required("its name in flows, metrics and records")
    title: str = setting("its name for people; empty: the name", "")
    skill: str = setting("the skill that serves it; empty: its own name", "")
    level: int = setting("least level of the skill (1-9)", 1)
    priority_s: int = setting("head start of its callers in seconds", 0)
    offer_s: int = setting("how long an agent's phone rings", 20)
    wrap_up_s: int = setting("longest wrap-up after a talk; 0: none", 0)
    target_s: int = setting("T: answered within this many seconds counts as in time", 45)
    short_s: int = setting("s: who hangs up before this many seconds did not really wait", 10)
    max_waiting: int = setting("callers who may wait; the next one leaves the queue node by `full`", 10_000)
    rostered: bool = setting("only agents on duty by a roster serve it (docs/rosters.md)", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent, or `count` of them (`{n}` in the name and contact is 1, 2, ...)."""

    name: str = required("user part of the address the phone registers; `{n}` is the number")
    skills: dict[str, int] = required("skills with levels (1-9)")
    site: str = setting("the contact centre", "main")
    count: int = setting("how many", 1)
    first: int = setting("number of the first", 1)
    rest_s: int = setting("after a missed offer, ready again by itself after so many seconds; 0: by their own word", 0)
    srtp: str = setting("encrypted media: `refused`, `preferred` or `required`", "refused")
    contact: str = setting("a phone that never registers: its SIP URI; the agent is ready from the start", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A number outside that flows may transfer to. Nothing else is ever dialled."""

    name: str = required("its name in flows")
    uri: str = required("SIP URI to ring")
    trunk: str = setting("trunk by which the call goes; empty: straight to where the URI leads", "")
    ring_s: int = setting("how long it may ring", 30)
    answer: str = setting(
        "`call`: who answers has the caller; `key`: once they have pressed 1, after a machine", "call"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHeaders:
    """Headers of requests to a web service. A secret stands in a file or the environment, never here."""

    plain: dict[str, str] = setting("headers as they are", {})
    files: dict[str, str] = setting("files that each hold the value of a header", {})
    env: dict[str, str] = setting("environment variables that each hold the value of a header", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupLimits:
    """What a service may cost."""

    most_bytes: int = setting("longest answer", 65_536)
    at_once: int = setting("requests under way; four times as many callers may wait for one of these places", 64)
    failures: int = setting("failures in a row after which nobody is let through for a while", 5)
    rest_s: int = setting("that while; then one request tries", 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A web service that flows may ask, by its name. Nothing but its `url` is reached: redirects are not followed, and
    addresses have to be public or in its `networks`.
    """

    name: str = required("its name in flows, logs and metrics")
    url: str = required("https:// address that the paths of flows are added to; http:// only with `networks`")
    networks: list[str] = setting("addresses or networks that are not public and may be reached", [])
    ca: str = setting(
        "authorities that vouch for its certificate (PEM), relative to this file; empty: the system's", ""
    )
    timeout_ms: int = setting("longest time for a look-up, where the flow does not say", 3000)
    repeat_posts: bool = setting("what a flow sends may be sent again after a failure", default=False)
    headers: WebHeaders = field(default_factory=WebHeaders)
    limits: LookupLimits = field(default_factory=LookupLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Lookup):
    """A web service that is told of reserves who are called in and released (docs/rosters.md), by POSTs of JSON to its
    `url`. It is held to the same bounds as a `[[lookup]]`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsCaps:
    """How many text messages may go, in this node."""

    per_number_per_hour: int = setting("to one number, and for one caller", 3)
    per_minute: int = setting("in all", 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """The HTTP gateway for text messages: it gets a POST with a JSON object."""

    url: str = setting("https:// address of the gateway; empty: no text messages; http:// only with `networks`", "")
    networks: list[str] = setting("addresses or networks that are not public and may be reached", [])
    ca: str = setting(
        "authorities that vouch for its certificate (PEM), relative to this file; empty: the system's", ""
    )
    timeout_ms: int = setting("longest time for a message", 5000)
    body: dict[str, str] = setting(
        "fields of the JSON object; {to}, {text} and {sender} stand for what they say",
        {"to": "{to}", "text": "{text}", "sender": "{sender}"},
    )
    sender: str = setting("who the message is from: up to 11 letters and digits, or a number", "svar")
    region: str = setting("country of numbers without a country's code", "NO")
    prefixes: list[str] = setting("how numbers that messages may go to begin", ["+47"])
    headers: WebHeaders = field(default_factory=WebHeaders)
    caps: SmsCaps = field(default_factory=SmsCaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCaps:
    """How many calls svar may make of its own accord, over all nodes."""

    per_number_per_day: int = setting("to one number in 24 hours", 5)
    per_hour: int = setting("in all in an hour", 120)
    per_day: int = setting("in all in 24 hours", 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Calls that svar makes of its own accord: callers are rung back (docs/callbacks.md). Nothing else may be rung."""

    trunk: str = setting("trunk by which they go; empty: nobody is rung back", "")
    region: str = setting("country of numbers without a country's code", "NO")
    costs: dict[str, int] = setting(
        "how numbers that may be rung begin, and what a call to them costs, in units of your own; the longest counts",
        {"+47": 1},
    )
    premium: list[str] = setting("beginnings of numbers that may be rung although they cost more than others", [])
    budget: int = setting("units that the calls to one of these beginnings may cost in 24 hours", 1000)
    budgets: dict[str, int] = setting("other budgets, by beginning", {})
    caps: OutboundCaps = field(default_factory=OutboundCaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """How promises to ring back are kept."""

    tries: int = setting("how often a caller who does not answer is rung", 3)
    again_min: int = setting("minutes between two tries; the place is kept", 10)
    ring_s: int = setting("how long the caller's phone rings", 30)
    expires_h: int = setting("hours after which a promise that could not be kept ends", 24)
    most: int = setting("promises that stand at once, over all nodes", 500)
    regain_min: int = setting(
        "minutes in which a caller who was cut off gets the place in the queue back; 0: never", 10
    )
    says: dict[str, str] = setting(
        "what a caller who is rung back hears first, by language",
        {
            "nb": "Hei. Du ba oss om å ringe deg opp. Vi setter deg over til en veileder.",
            "nn": "Hei. Du bad oss om å ringje deg opp. Vi set deg over til ein rettleiar.",
            "en": "Hello. You asked us to ring you back. We are connecting you to an adviser.",
        },
    )
    tells: dict[str, str] = setting(
        "what the agent hears before the caller is rung, where the agent is rung first; {caller} is the number",
        {"nb": "Tilbakeringing til {caller}."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where callers leave messages: voicemail/NAME in the state folder (`svar voicemail`)."""

    name: str = required("its name in flows")
    title: str = setting("its name for people; empty: the name", "")
    most_messages: int = setting("messages that it may have; then callers go on at `failed`", 500)
    most_mb: int = setting("megabytes that it may have; a minute of speech is half of one", 200)
    keep_days: int = setting("days after which a message is deleted; 0: only by hand", 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What there is one of."""

    node: Node = field(default_factory=Node)
    sip: Sip = field(default_factory=Sip)
    tls: Tls = field(default_factory=Tls)
    limits: Limits = field(default_factory=Limits)
    media: Media = field(default_factory=Media)
    http: Http = field(default_factory=Http)
    redis: Redis = field(default_factory=Redis)
    mqtt: Mqtt = field(default_factory=Mqtt)
    flows: Flows = field(default_factory=Flows)
    sms: Sms = field(default_factory=Sms)
    outbound: Outbound = field(default_factory=Outbound)
    callbacks: Callbacks = field(default_factory=Callbacks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Sections):
    """The whole file: its sections, and what there may be any number of."""

    nodes: Nodes = field(default_factory=Nodes)
    records: Records = field(default_factory=Records)
    talk: Talk = field(default_factory=Talk)
    trunk: list[Trunk] = field(default_factory=list)
    queue: list[Queue] = field(default_factory=list)
    agent: list[Agent] = field(default_factory=list)
    destination: list[Destination] = field(default_factory=list)
    mailbox: list[Mailbox] = field(default_factory=list)
    lookup: list[Lookup] = field(default_factory=list)
    notice: list[Notice] = field(default_factory=list)
