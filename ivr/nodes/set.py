"""set: give variables new values, the language among them."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.language.expression import Expression
from ivr.language.schema import Condition, Name, Target
from ivr.language.ways import Kind, Known, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Set(Node):
    """Sets each variable to what its expression gives. `language` is the language of all that is said from here on.

    ```yaml
    urgent:
      type: set
      values: {priority: true, language: '"en"'}
      next: queue
    ```
    """

    type: Literal["set"]
    values: dict[Name, Condition] = Field(min_length=1, description="Expressions by variable.")
    next: Target

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        sets: dict[str, Known] = {name: moment.result(expression) for name, expression in self.values.items()}
        return [Move(self.ways()[0], sets=sets)]

    def assigns(self) -> dict[str, Expression]:
        return dict(self.values)

    async def run(self, run: Run) -> str | None:
        for name, expression in self.values.items():
            run.set(name, expression.evaluate(run.value))
        return self.next
