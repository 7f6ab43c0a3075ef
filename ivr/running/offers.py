"""From the distributor's one voice per node to the contact that each offer is for."""

import asyncio
from collections import deque
from collections.abc import Callable

from acd.distributor import Distributor
from acd.model import NodeId, Offer, Revoked

_MOST_KEPT = 8


class Mailbox:
    """The offers for one contact, in order. An offer that is revoked before it is taken is never seen."""

    __slots__ = ("_kept", "_wanted", "contact", "on_revoked")

    def __init__(self, contact: str) -> None:
        self.contact = contact
        self.on_revoked: Callable[[Revoked], None] | None = None
        self._kept: deque[Offer] = deque(maxlen=_MOST_KEPT)
        self._wanted: asyncio.Future[None] | None = None

    async def get(self) -> Offer:
        """The next offer. For one taker at a time."""
        while not self._kept:
            self._wanted = asyncio.get_running_loop().create_future()
            try:
                await self._wanted
            finally:
                self._wanted = None
        return self._kept.popleft()

    def put(self, heard: Offer | Revoked) -> None:
        if isinstance(heard, Revoked):
            self._withdraw(heard)
            return
        self._kept.append(heard)
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _withdraw(self, revoked: Revoked) -> None:
        for offer in self._kept:
            if offer.offer == revoked.offer:
                self._kept.remove(offer)
                return
        if self.on_revoked is not None:
            self.on_revoked(revoked)


class Offers:
    """Gives each offer to the contact that waits for it; `unclaimed` gets those for contacts that are gone."""

    def __init__(self, distributor: Distributor, node: NodeId, unclaimed: Callable[[Offer], None]) -> None:
        self._waiting: dict[str, Mailbox] = {}
        self._unclaimed = unclaimed
        distributor.listen(node, self._heard)

    def expect(self, contact: str) -> Mailbox:
        """From now on offers for `contact` are kept for whoever asks the mailbox, until `forget`."""
        mailbox = self._waiting.get(contact)
        if mailbox is None:
            mailbox = self._waiting[contact] = Mailbox(contact)
        return mailbox

    def forget(self, contact: str) -> None:
        self._waiting.pop(contact, None)

    def __len__(self) -> int:
        """How many contacts wait."""
        return len(self._waiting)

    def _heard(self, heard: Offer | Revoked) -> None:
        mailbox = self._waiting.get(heard.contact)
        if mailbox is not None:
            mailbox.put(heard)
        elif isinstance(heard, Offer):
            self._unclaimed(heard)
