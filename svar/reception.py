"""Who rings whom: every INVITE is led to a flow, to a feature code, or refused with the status that says why."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from acd.model import AgentId
from ivr.over_sip.agent_leg import Line
from ivr.over_sip.aside import AsideLeg
from ivr.over_sip.remote import ASIDE
from ivr.over_sip.sip_call import Outside, SipCall
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.talk import TransferTarget
from ivr.running.conversation import Conversation
from ivr.running.run import Services
from rtp.engine import LegId
from sip.events import InviteReceived, RegisterReceived, RequestReceived, SessionId
from sip.identity import Identity, identify
from sip.message.address import NameAddr
from sip.message.uri import SipUri, TelUri, Uri, escape_user
from svar import feature_codes, talking
from svar.calls import CallTasks
from svar.edition import Edition

NOT_FOUND, FORBIDDEN, OVERLOADED = 404, 403, 503
RETRY = (("Retry-After", "5"),)


Choose = Callable[[str, str, str], Edition | None]
"""The edition of the flows for a contact, by the number dialled, the caller's, and the contact's id."""


def no_flows(number: str, pii_caller: str, contact: str) -> Edition | None:
    """Before there are any."""
    return None


class Chair(Protocol):
    """A call of an agent's phone in a talk (`ivr.over_sip.table.Chair`, `ivr.over_sip.remote.Relay`)."""

    @property
    def contact(self) -> str: ...

    def goes_on(self, leg: AsideLeg) -> None: ...


class Away(Protocol):
    """Callers of other nodes at phones here (`ivr.over_sip.remote.Relays`)."""

    def on_invite(self, invite: InviteReceived) -> None: ...

    def relay(self, session: SessionId, agent: str) -> Chair | None: ...

    def leads(self, agent: str) -> bool: ...

    async def second(self, invite: InviteReceived, number: str) -> None: ...


class Reception:
    """Takes INVITEs. `choose` gives the flows for each. `trusted`: the trunks that are believed who calls; `accounts`:
    the users that we register as at trunks.
    """

    def __init__(
        self,
        line: Line,
        outside: Outside,
        services: Services,
        calls: CallTasks,
        tokens: Callable[[], str],
        *,
        most_calls: int,
        trusted: Collection[str] = (),
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        self.choose: Choose = no_flows
        self.codes: feature_codes.Codes
        self.relays: Away | None = None
        self.belongs: Callable[[str, str], None] = lambda _call_id, _contact: None
        self._line = line
        self._outside = outside
        self._services = services
        self._calls = calls
        self._tokens = tokens
        self._most_calls = most_calls
        self._trusted = trusted
        self._accounts = accounts or {}

    def on_invite(self, invite: InviteReceived) -> None:
        """Answers at once or starts the call's task. Other nodes reach agents' phones by `relays`, and talks of agents
        whose phones are theirs, and nothing else.
        """
        if invite.origin.kind == "node":
            self.belongs(invite.request.call_id, invite.request.headers.get("X-Svar-Contact") or "")
        if invite.replaces is not None:
            self._moves(invite, invite.replaces)
            return
        if invite.origin.kind == "node":
            self._of_node(invite)
            return
        number = dialled(invite, self._accounts)
        if number.startswith("*"):
            self._feature_code(invite, number)
            return
        if self._aside(invite, number):
            return
        info = self._info(invite, number)
        edition = self.choose(number, info.pii_caller, info.contact)
        flow = edition.book.by_number.get(number) if edition is not None else None
        if edition is None or flow is None:
            self._refuse(invite, NOT_FOUND)
        elif len(self._calls) >= self._most_calls:
            self._refuse(invite, OVERLOADED, RETRY)
        elif invite.origin.kind == "stranger":
            self._refuse(invite, FORBIDDEN)
        else:
            call = self._call(invite, info)
            self.belongs(invite.request.call_id, info.contact)
            self._calls.start(info.contact, edition.serve(call, flow, self._services), call.hangup)

    def _aside(self, invite: InviteReceived, number: str) -> bool:
        """Take the second call of an agent who leads a talk, to somebody whom callers may be given to."""
        talks, caller = self._calls.talks, invite.request.from_.uri
        agent = invite.origin.name if invite.origin.kind == "agent" else _number(caller)
        talk = talks.of_agent(agent) if talks is not None and agent else None
        away = talk is None and self.relays is not None and bool(agent) and self.relays.leads(agent)
        target = talks.directory.find(number) if talks is not None and (talk is not None or away) else None
        if target is None:
            return False
        if invite.origin.kind != "agent":
            # Whoever says that they are that agent has to prove it.
            return invite.origin.kind == "stranger" and self._line.user_agent.challenge(invite.session)
        if talk is not None:
            self._line.spawn(self._asked_aside(invite, talk, target))
        elif self.relays is not None:
            self._line.spawn(self.relays.second(invite, number))
        return True

    def _of_node(self, invite: InviteReceived) -> None:
        """Another node rings a phone here for its caller, or somebody for an agent whose phone is there."""
        agent = invite.request.headers.get(ASIDE)
        if self.relays is None:
            self._refuse(invite, FORBIDDEN)
        elif agent is None:
            self.relays.on_invite(invite)
        else:
            contact, talks = invite.request.headers.get("X-Svar-Contact") or "", self._calls.talks
            talk = talks.of_agent(agent) if talks is not None else None
            target = talks.directory.find(_number(invite.request.uri)) if talks is not None else None
            if talk is None or talk.contact != contact or target is None:
                self._refuse(invite, FORBIDDEN)
            else:
                self._line.spawn(self._asked_aside(invite, talk, target, agent))

    def _moves(self, invite: InviteReceived, replaces: SessionId) -> None:
        """An agent goes on with a call of theirs in a talk at another phone of theirs (RFC 3891); nobody else may."""
        chair = self._chair(replaces, invite.origin.name) if invite.origin.kind == "agent" else None
        if chair is None:
            self._refuse(invite, FORBIDDEN)
        else:
            self._line.spawn(self._moved(invite, chair))

    def _chair(self, session: SessionId, agent: str) -> Chair | None:
        """The agent's call in a talk, of a caller here or at another node."""
        talks, relays = self._calls.talks, self.relays
        here = talking.chairs(talks)(session, agent) if talks is not None else None
        return here if here is not None or relays is None else relays.relay(session, agent)

    async def _moved(self, invite: InviteReceived, chair: Chair) -> None:
        leg = AsideLeg(self._line, invite, chair.contact, LegId(self._tokens()))
        if await leg.open(invite):
            chair.goes_on(leg)

    async def _asked_aside(
        self, invite: InviteReceived, talk: Conversation, target: TransferTarget, agent: str = ""
    ) -> None:
        leg = AsideLeg(self._line, invite, talk.contact, LegId(self._tokens()), agent)
        if await leg.open(invite):
            talk.consult_aside(target, leg)

    def on_request(self, event: RegisterReceived | RequestReceived) -> None:
        """Out of a dialog nothing is done for anybody: a REFER is about a talk."""
        self._line.user_agent.respond(event, FORBIDDEN)

    def _feature_code(self, invite: InviteReceived, code: str) -> None:
        if not feature_codes.is_code(code):
            self._refuse(invite, NOT_FOUND)
        elif invite.origin.kind != "agent":
            self._line.user_agent.challenge(invite.session)
        else:
            services, call = self._services, self._call(invite, self._info(invite, code))
            work = feature_codes.serve(
                call, code, AgentId(invite.origin.name), services.distributor, services.prompts, self.codes
            )
            self._calls.start(call.info.contact, work)

    def _refuse(self, invite: InviteReceived, status: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._calls.refused += 1
        self._line.user_agent.reject(invite.session, status, headers=headers)

    def _info(self, invite: InviteReceived, number: str) -> CallInfo:
        who = identity(invite, self._trusted)
        return CallInfo(
            contact=ContactId(self._tokens()),
            number=number,
            trunk=invite.origin.name,
            pii_caller=who.pii_caller,
            pii_diverted_from=who.pii_diverted_from,
            asserted=who.asserted,
        )

    def _call(self, invite: InviteReceived, info: CallInfo) -> SipCall:
        return SipCall(self._line, self._outside, invite, info, LegId(self._tokens()))


def dialled(invite: InviteReceived, accounts: Mapping[str, str]) -> str:
    """The number in the Request-URI, empty when there is none.

    A trunk that we registered at may ask for the user that we registered as: then the number is in To.
    """
    number = _number(invite.request.uri)
    if invite.origin.kind == "trunk" and number and number == accounts.get(invite.origin.name):
        return _number(invite.request.to.uri) or number
    return number


def _number(uri: Uri) -> str:
    if isinstance(uri, SipUri):
        return uri.user_text
    return uri.digits if isinstance(uri, TelUri) else ""


def identity(invite: InviteReceived, trusted: Collection[str]) -> Identity:
    """Who rings: an agent by the name that was proven, else what `sip.identity` makes of it. Nothing is granted by it.

    `trusted`: names of trunks.
    """
    origin = invite.origin
    if origin.kind == "agent":
        return Identity(escape_user(origin.name))
    return identify(invite.request, trusted=origin.kind == "trunk" and origin.name in trusted)


def calling(domain: str, titles: Mapping[str, str]) -> Callable[[CallInfo, str], NameAddr]:
    """What an agent's phone shows: the queue by its title, and the caller's number; for who is asked in a talk, the
    agent who asks.
    """

    def local(info: CallInfo, queue: str) -> NameAddr:
        title = titles.get(queue, queue)
        if info.asked_by:
            return NameAddr(SipUri(user=escape_user(info.asked_by), host=domain), display=f"{info.asked_by}: {title}")
        return NameAddr(SipUri(user=info.pii_caller or "anonymous", host=domain), display=title)

    return local
