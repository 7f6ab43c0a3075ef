"""SIP ladders of contacts: kept by each node of what it sent and received, given to whoever asks by an order."""

import asyncio
from collections.abc import Mapping
from secrets import token_hex

from acd.nodes import Nodes
from acd.orders import Order, Orders, OrdersHere
from ivr.over_sip.telephony import Identity
from sip.aio.user_agent import UserAgent
from svar.ladder_lines import LadderSeen, as_json, read
from svar.ladders import Ladders
from svar.reception import Reception

KIND = "ladder"
WITHIN_S = 3.0


def serve(user_agent: UserAgent, reception: Reception, here: OrdersHere, identity: Identity) -> Ladders:
    """From here on the node keeps them, and gives them."""
    ladders = Ladders(identity.now_ms)
    user_agent.ladder, reception.belongs = ladders.message, ladders.belongs

    async def give(arguments: Mapping[str, str]) -> str:
        found = ladders.of(arguments["contact"])
        return as_json(identity.node, found) if found else ""

    here.kinds[KIND] = give
    return ladders


async def asked(orders: Orders, nodes: Nodes, contact: str, author: str, now_ms: int) -> list[LadderSeen]:
    """What the nodes that live have of a contact; `author` is told in the events. Raises Unavailable."""
    living = (await nodes.look()).living
    until_ms = now_ms + round(WITHIN_S * 1000)

    async def of(node: str) -> str:
        order = Order(token_hex(8), author, KIND, until_ms, {"contact": contact})
        await orders.send(order, node)
        return (await orders.outcome(order.order, WITHIN_S)).detail

    seen = []
    for text in await asyncio.gather(*(of(node) for node in living)):
        try:
            seen.append(read(text))
        except (ValueError, KeyError, TypeError):
            continue  # it has nothing of it, or did not answer
    return seen
