"""branch: go on by conditions."""

from typing import Literal

from pydantic import Field

from ivr.expression import Expression
from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Condition, Part, Target, Where


class Case(Part):
    """Where to go when a condition holds."""

    when: Condition
    next: Target


class Branch(Node):
    """Goes to the first case that holds, or to `otherwise`."""

    type: Literal["branch"]
    cases: list[Case] = Field(min_length=1, max_length=50)
    otherwise: Target

    def targets(self) -> dict[Where, str]:
        cases: dict[Where, str] = {("cases", index, "next"): case.next for index, case in enumerate(self.cases)}
        return {**cases, ("otherwise",): self.otherwise}

    def conditions(self) -> dict[Where, Expression]:
        return {("cases", index, "when"): case.when for index, case in enumerate(self.cases)}

    async def run(self, run: Run) -> str | None:
        for case in self.cases:
            if case.when.evaluate(run.value):
                return case.next
        return self.otherwise
