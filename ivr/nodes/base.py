"""What every node of a flow is: its schema (a frozen pydantic model), where it leads, and how it runs."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from ivr.language.expression import Expression
from ivr.language.prompting import Said
from ivr.language.schema import Part, Where, Written
from ivr.language.ways import Kind, Moment, Move, Types, Way
from ivr.running.run import Run

SILENT = frozenset(
    {
        Kind.NEXT,
        Kind.NO_CHOICE,
        Kind.NO_ENTRY,
        Kind.CASE,
        Kind.OTHERWISE,
        Kind.OPEN,
        Kind.CLOSED,
        Kind.HOLIDAY,
        Kind.FOUND,
        Kind.FAILED,
        Kind.REFUSED,
        Kind.RESULT,
        Kind.CLOSING,
    }
)
"""The kinds of ways that a caller who does nothing, and waits in no queue, may take."""


class Node(Part):
    """One step of a flow. `slots` are the values that its texts may name besides the flow's variables."""

    slots: ClassVar[frozenset[str]] = frozenset()
    flows_out_as: ClassVar[str] = "overflow"
    """The cause that a queue tells of a caller whom it leads here (F)."""

    type: str
    note: str = Field(default="", description="For those who read the flow; never spoken.")

    def ways(self) -> tuple[Way, ...]:
        """The ways out, in the order in which people read them."""
        return ()

    def moves(self, moment: Moment) -> Iterable[Move]:
        """What may come of it for a caller at that moment, each way out at least once."""
        return [Move(way) for way in self.ways()]

    def heard(self) -> dict[Where, Said]:
        """What callers may hear whenever they come, by place: not what has its time, nor what never has its turn."""
        return self.texts()

    def targets(self) -> dict[Where, str]:
        """Where a caller may go from here: the node's name by the place in this node that says so."""
        return {way.where: way.target for way in self.ways() if way.target is not None}

    def silent_targets(self) -> list[str]:
        """Where a caller who presses nothing may go at once, without waiting in a queue."""
        return [way.target for way in self.ways() if way.target is not None and way.kind in SILENT]

    def assigns(self) -> dict[str, Expression]:
        """The declared variables that this node gives a new value."""
        return {}

    def gives(self) -> Types:
        """The variables that exist because of this node, such as digits that were pressed, and their types."""
        return {}

    def conditions(self) -> dict[Where, Expression]:
        """Expressions that have to give true or false, by place."""
        return {}

    def knows(self) -> Types:
        """What its conditions may name besides the flow's variables, and the types."""
        return {}

    def expressions(self) -> dict[Where, Expression]:
        """Expressions that may give a value of any type, by place."""
        return {}

    def written(self) -> dict[Where, Written]:
        """Texts that are read and not heard, by place, such as a text message."""
        return {}

    def keeps(self) -> frozenset[str]:
        """The variables among `gives` that are personal: in no trace, event or snapshot."""
        return frozenset()

    def leaves(self) -> dict[Where, frozenset[str]]:
        """Variables whose values go where others log them, by place: into a URL, a text message."""
        return {}

    def needs(self) -> dict[Where, tuple[str, str]]:
        """What has to exist outside the flow, by place: its kind and name, such as ("queue", "family").

        Kinds: calendar, flow, crisis (of the folder); queue, destination, mailbox, lookup, sms (of the deployment).
        """
        return {}

    def speaks(self) -> dict[Where, str]:
        """Languages that it may set, by place."""
        return {}

    def changes_at(self) -> tuple[int, ...]:
        """Moments from which on the node does something else than before, milliseconds since the epoch."""
        return ()

    async def run(self, run: Run) -> str | None:
        """Do it. Gives the next node's name, or None where the flow ends."""
        raise NotImplementedError
