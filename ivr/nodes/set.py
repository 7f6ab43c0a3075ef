"""set: give variables new values, the language among them."""

from typing import Literal

from pydantic import Field

from ivr.expression import Expression
from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Condition, Name, Target, Where


class Set(Node):
    """Sets each variable to what its expression gives. `language` is the language of all that is said from here on."""

    type: Literal["set"]
    values: dict[Name, Condition] = Field(min_length=1)
    next: Target

    def targets(self) -> dict[Where, str]:
        return {("next",): self.next}

    def assigns(self) -> dict[str, Expression | None]:
        return dict(self.values)

    async def run(self, run: Run) -> str | None:
        for name, expression in self.values.items():
            run.set(name, expression.evaluate(run.value))
        return self.next
