"""branch: go on by conditions."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.language.expression import Expression
from ivr.language.schema import Condition, Part, Target, Where
from ivr.language.ways import Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Case(Part):
    """Where to go when a condition holds."""

    when: Condition = Field(description="An expression that gives true or false.")
    next: Target


class Branch(Node):
    """Goes to the first case that holds, or to `otherwise`.

    ```yaml
    by_number:
      type: branch
      cases:
        - {when: number == "5001", next: pension}
        - {when: crisis != "", next: crisis_menu}
      otherwise: menu
    ```
    """

    type: Literal["branch"]
    cases: list[Case] = Field(min_length=1, max_length=50, description="Looked at in this order.")
    otherwise: Target = Field(description="Where to go when no case holds.")

    def ways(self) -> tuple[Way, ...]:
        cases = [
            Way(("cases", index, "next"), case.next, Kind.CASE, case.when.text) for index, case in enumerate(self.cases)
        ]
        return (*cases, Way(("otherwise",), self.otherwise, Kind.OTHERWISE))

    def moves(self, moment: Moment) -> Iterable[Move]:
        ways = self.ways()
        for case, way in zip(self.cases, ways, strict=False):
            holds = moment.holds(case.when)
            if True in holds:
                yield Move(way)
            if False not in holds:
                return
        yield Move(ways[-1])

    def conditions(self) -> dict[Where, Expression]:
        return {("cases", index, "when"): case.when for index, case in enumerate(self.cases)}

    async def run(self, run: Run) -> str | None:
        for case in self.cases:
            if case.when.evaluate(run.value):
                return case.next
        return self.otherwise
