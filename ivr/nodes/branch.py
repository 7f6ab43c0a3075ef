"""branch: go on by conditions."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ivr.expression import Expression
from ivr.nodes.base import Condition, Node, Target, Where
from ivr.run import Run


class Case(BaseModel):
    """Where to go when a condition holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=True)

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
