"""What this node can be ordered to do while its callers talk: by the API, another node, or a command."""

from collections.abc import Callable, Collection, Mapping
from secrets import token_hex

from acd.distributor import Unavailable
from acd.model import AgentId
from acd.orders import Act, NotHere, Order, OrderRefused, OrdersHere, Outcome
from events.catalogue import OrderDone
from ivr.over_sip.remote import Refer
from ivr.over_sip.telephony import Identity
from ivr.ports.talk import NotNow, TalkControl
from sip.message.uri import SipUri
from svar.calls import CallTasks
from svar.registrations import Registrations
from svar.storage import Storage

TALK = ("hold", "resume", "complete", "take_back", "conference", "drop_third")
"""Orders about a talk that need nothing but its contact, by the names of `TalkControl`."""


TO_SOMEBODY = ("blind", "consult")
"""Those that name somebody, as agents name them: a short number, an agent, a queue or a destination."""
REFERRED_S = 5.0
FORGET, FORGOTTEN_S = "forget_phones", 30.0


def referring(storage: Storage, identity: Identity, ours: Callable[[str], bool]) -> Refer:
    """A phone here asks for its caller, who is at another node, to be given to somebody. `ours`: hosts that are."""
    orders = storage.together.orders

    async def refer(node: str, contact: str, agent: str, target: SipUri | None) -> bool:
        if target is not None and not ours(target.host):
            return False
        until_ms = identity.now_ms() + round(REFERRED_S * 1000)
        arguments = {"contact": contact, "by": agent} | ({"target": target.user_text} if target is not None else {})
        kind = "complete" if target is None else "blind"
        order = Order(token_hex(8), f"agent:{agent}", kind, until_ms, arguments)
        try:
            await orders.send(order, node)
            return (await orders.outcome(order.order, REFERRED_S)).outcome == "done"
        except Unavailable:
            return False

    return refer


def share_phones(storage: Storage, identity: Identity, here: OrdersHere, registrations: Registrations) -> None:
    """What an agent's phone ends at one node, of what is registered at others, those hear of."""
    orders = storage.together.orders

    async def forget_at(node: str, agent: str, contacts: Collection[str]) -> None:
        until_ms = identity.now_ms() + round(FORGOTTEN_S * 1000)
        arguments = {"agent": agent, "contacts": "\n".join(contacts)}
        await orders.send(Order(token_hex(8), f"agent:{agent}", FORGET, until_ms, arguments), node)

    async def forget(arguments: Mapping[str, str]) -> None:
        registrations.forget(arguments["agent"], arguments["contacts"].split("\n"))

    here.kinds[FORGET] = forget
    registrations.forget_at = forget_at


def take_orders(storage: Storage, identity: Identity, calls: CallTasks) -> OrdersHere:
    """From here on what comes by the node's stream is carried out. Further kinds may be added."""

    def told(order: Order, outcome: Outcome) -> None:
        storage.sink.emit(
            OrderDone(
                at_ms=identity.now_ms(),
                tenant=identity.tenant,
                node=identity.node,
                contact=order.arguments.get("contact", ""),
                order=order.order,
                author=order.author,
                order_kind=order.kind,
                outcome=outcome.outcome,
                detail="" if outcome.outcome == "done" else outcome.detail,  # what was asked for is no event
            )
        )

    here = OrdersHere(storage.together.orders, identity.now_ms, told)
    here.kinds["hang_up"] = _hang_up(calls)
    here.kinds["log_out"] = _log_out(storage)
    here.kinds["to_queue"] = _to_queue(calls)
    for name in TO_SOMEBODY:
        here.kinds[name] = _to_somebody(calls, name)
    for name in TALK:
        here.kinds[name] = _in_talk(calls, name)
    storage.together.listener.ordered = here.heard
    return here


def _hang_up(calls: CallTasks) -> Act:
    async def hang_up(arguments: Mapping[str, str]) -> None:
        if not await calls.hang_up(arguments["contact"]):
            raise NotHere

    return hang_up


def _log_out(storage: Storage) -> Act:
    async def log_out(arguments: Mapping[str, str]) -> None:
        await storage.distributor.log_out(AgentId(arguments["agent"]), arguments.get("reason", "ordered"))

    return log_out


def _to_queue(calls: CallTasks) -> Act:
    async def to_queue(arguments: Mapping[str, str]) -> None:
        queue = arguments["queue"]
        try:
            await _talk(calls, arguments).to_queue(queue)
        except NotNow as error:
            raise OrderRefused(str(error) or "it does not fit what the talk is at") from None

    return to_queue


def _to_somebody(calls: CallTasks, name: str) -> Act:
    async def act(arguments: Mapping[str, str]) -> None:
        talk, text = _talk(calls, arguments), arguments["target"]
        target = calls.talks.directory.find(text) if calls.talks is not None else None
        if target is None:
            raise OrderRefused("nobody of that name or number may be given a caller")
        try:
            await getattr(talk, name)(target)
        except NotNow as error:
            raise OrderRefused(str(error) or "it does not fit what the talk is at") from None

    return act


def _in_talk(calls: CallTasks, name: str) -> Act:
    async def act(arguments: Mapping[str, str]) -> None:
        try:
            await getattr(_talk(calls, arguments), name)()
        except NotNow as error:
            raise OrderRefused(str(error) or "it does not fit what the talk is at") from None

    return act


def _talk(calls: CallTasks, arguments: Mapping[str, str]) -> TalkControl:
    """Raises NotHere where this node has no such call, OrderRefused where nobody talks to the caller yet, or somebody
    else leads the talk than who asks (`by`; without it nobody's phone does).
    """
    contact, by = arguments["contact"], arguments.get("by", "")
    talk = calls.talks.of(contact) if calls.talks is not None else None
    if talk is not None:
        if calls.talks is not None and by and calls.talks.of_agent(by) is not talk:
            raise OrderRefused(f"{by} does not lead that talk")
        return talk
    if contact in calls:
        raise OrderRefused("the caller talks to nobody")
    raise NotHere
