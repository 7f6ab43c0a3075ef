"""The commands of `ivr.ports.talk.TalkControl`, each as its word for the state machine."""

from ivr.ports.talk import TransferTarget
from ivr.running.talk_words import Blind, Command, Consult, Order


class TalkCommands:
    """Whoever takes the words."""

    __slots__ = ()

    async def _command(self, command: Command) -> None:
        """Raises NotNow."""
        raise NotImplementedError

    async def hold(self) -> None:
        await self._command(Order.HOLD)

    async def resume(self) -> None:
        await self._command(Order.RESUME)

    async def consult(self, target: TransferTarget) -> None:
        await self._command(Consult(target))

    async def complete(self) -> None:
        await self._command(Order.COMPLETE)

    async def take_back(self) -> None:
        await self._command(Order.TAKE_BACK)

    async def conference(self) -> None:
        await self._command(Order.CONFERENCE)

    async def drop_third(self) -> None:
        await self._command(Order.DROP_THIRD)

    async def blind(self, target: TransferTarget) -> None:
        await self._command(Blind(target))

    async def to_queue(self, queue: str) -> None:
        await self._command(Blind(TransferTarget("queue", queue)))
