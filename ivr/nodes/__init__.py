"""The nodes of flows, one file each: schema, where it leads, and how it runs."""

from typing import Annotated

from pydantic import Field

from ivr.nodes.base import Node
from ivr.nodes.branch import Branch
from ivr.nodes.callback import Callback
from ivr.nodes.deflect import Deflect
from ivr.nodes.digits import Digits
from ivr.nodes.hangup import Hangup
from ivr.nodes.hours import Hours
from ivr.nodes.language import LanguageChoice
from ivr.nodes.lookup import Lookup
from ivr.nodes.menu import Menu
from ivr.nodes.message import Message
from ivr.nodes.queue import Queue
from ivr.nodes.return_ import Return
from ivr.nodes.returning import Returning
from ivr.nodes.say import Say
from ivr.nodes.set import Set
from ivr.nodes.subflow import Subflow
from ivr.nodes.survey import Survey
from ivr.nodes.transfer import Transfer
from ivr.nodes.voicemail import Voicemail

AnyNode = Annotated[
    Say
    | Menu
    | Digits
    | Branch
    | Set
    | Hours
    | Queue
    | Transfer
    | Hangup
    | Lookup
    | Deflect
    | Voicemail
    | LanguageChoice
    | Message
    | Callback
    | Returning
    | Subflow
    | Return
    | Survey,
    Field(discriminator="type"),
]

NODE_TYPES: dict[str, type[Node]] = {
    "say": Say,
    "menu": Menu,
    "digits": Digits,
    "branch": Branch,
    "set": Set,
    "hours": Hours,
    "queue": Queue,
    "transfer": Transfer,
    "hangup": Hangup,
    "lookup": Lookup,
    "deflect": Deflect,
    "voicemail": Voicemail,
    "language": LanguageChoice,
    "message": Message,
    "callback": Callback,
    "returning": Returning,
    "subflow": Subflow,
    "return": Return,
    "survey": Survey,
}

__all__ = ["NODE_TYPES", "AnyNode", "Node"]
