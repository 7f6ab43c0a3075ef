"""What every node of a flow is: its schema (a frozen pydantic model), where it leads, and how it runs."""

from typing import ClassVar

from pydantic import Field

from ivr.expression import Expression
from ivr.run import Run
from ivr.schema import Part, Where


class Node(Part):
    """One step of a flow. `slots` are the values that its texts may name besides the flow's variables."""

    slots: ClassVar[frozenset[str]] = frozenset()

    type: str
    note: str = Field(default="", description="For those who read the flow; never spoken.")

    def targets(self) -> dict[Where, str]:
        """Where a caller may go from here: the node's name by the place in this node that says so."""
        return {}

    def silent_targets(self) -> list[str]:
        """Where a caller who presses nothing may go at once, without waiting in a queue."""
        return list(self.targets().values())

    def assigns(self) -> dict[str, Expression | None]:
        """The variables that this node sets; None is text that the caller pressed."""
        return {}

    def conditions(self) -> dict[Where, Expression]:
        """Expressions that have to give true or false, by place."""
        return {}

    async def run(self, run: Run) -> str | None:
        """Do it. Gives the next node's name, or None where the flow ends."""
        raise NotImplementedError
