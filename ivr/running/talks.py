"""The talks of this node: each is led by its state machine, with the phones at its table."""

from collections.abc import Callable, Mapping

from acd.model import Offer
from ivr.ports.call import AgentLeg
from ivr.ports.talk import Destinations, Tables, TalkControl
from ivr.running.conversation import Conversation
from ivr.running.directory import Directory
from ivr.running.keypad import Keypad
from ivr.running.run import Run
from ivr.running.talk_words import Over


class Talks:
    """Finds a talk by its contact or its agent. `codes`: what agents may press, to names of `keypad.ORDERS`."""

    def __init__(
        self, tables: Tables, destinations: Destinations, directory: Directory, codes: Mapping[str, str]
    ) -> None:
        self.tables = tables
        self.destinations = destinations
        self.directory = directory
        self._codes = codes
        self._by_contact: dict[str, Conversation] = {}

    def __len__(self) -> int:
        return len(self._by_contact)

    def of(self, contact: str) -> TalkControl | None:
        """The contact's talk, while it lasts on this node."""
        return self._by_contact.get(contact)

    def of_agent(self, agent: str) -> Conversation | None:
        """The talk that the agent leads."""
        return next((one for one in self._by_contact.values() if one.agent == agent), None)

    def keypad(self) -> Keypad:
        return Keypad(self._codes, self.directory.find, self.directory.numbers)

    async def through(self, run: Run, offer: Offer, leg: AgentLeg, done: Callable[[], None]) -> Over:
        """Lead the talk to its end. `done`: the agent of the offer has handed the caller over.

        Cancelled or with CallEnded, the caller is gone: everybody else is released.
        """
        talk = Conversation(self, run, offer, leg, done)
        self._by_contact[offer.contact] = talk
        try:
            return await talk.through()
        finally:
            self._by_contact.pop(offer.contact, None)
