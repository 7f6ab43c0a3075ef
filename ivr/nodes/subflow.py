"""subflow: go through another flow, and on by its result."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from ivr.language.expression import Expression
from ivr.language.schema import Condition, Name, Target, Where
from ivr.language.ways import Kind, Moment, Move, Types, Way
from ivr.nodes.base import Node
from ivr.running.run import Run, Scalar


class Subflow(Node):
    """Goes through another flow, with values for its parameters, and on by the result that its `return` names.

    Parameters that `with` leaves out have the values that the other flow gives them. What is taken back is declared
    here under `variables`, or is `language`; a value that is personal there is named in `personal`, is not declared,
    and after a take-over the other flow asks for it again.

    ```yaml
    who:
      type: subflow
      flow: identify
      with: {purpose: '"pension"'}
      take: {case: case_number}
      personal: [case]
      returns: {known: queue, unknown: menu}
    ```
    """

    type: Literal["subflow"]
    flow: Name = Field(description="The other flow, by its name.")
    with_: dict[Name, Condition] = Field(
        default_factory=dict, alias="with", max_length=50, description="Expressions, by the other flow's parameters."
    )
    take: dict[Name, Name] = Field(
        default_factory=dict, max_length=50, description="What is taken back: our variable, and the other flow's."
    )
    personal: list[Name] = Field(default_factory=list, max_length=50, description="Those of `take` that are personal.")
    returns: dict[Name, Target] = Field(min_length=1, max_length=50, description="Where each result leads.")

    def ways(self) -> tuple[Way, ...]:
        return tuple(Way(("returns", name), target, Kind.RESULT, name) for name, target in self.returns.items())

    def moves(self, moment: Moment) -> Iterable[Move]:
        gives = {name: moment.result(expression) for name, expression in self.with_.items()}
        return [Move(enters=self.flow, gives=gives, takes=dict(self.take))]

    def expressions(self) -> dict[Where, Expression]:
        return {("with", name): expression for name, expression in self.with_.items()}

    def gives(self) -> Types:
        return dict.fromkeys(self.personal, str)

    def keeps(self) -> frozenset[str]:
        return frozenset(self.personal)

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("flow",): ("flow", self.flow)}

    async def run(self, run: Run) -> str | None:
        return run.call_flow(self.flow, {name: given.evaluate(run.value) for name, given in self.with_.items()})

    def came_back(self, run: Run, result: str, taken: Mapping[str, Scalar]) -> str:
        """The other flow has returned; `taken` is by our names. Gives the next node."""
        for name, value in taken.items():
            if name in self.personal:
                # What another time through the flow had given is not left standing.
                run.clear(name)
                if value != "":
                    run.set_personal(name, value)
            elif name != "language" or value in run.flow.languages:
                run.set(name, value)
        return self.returns[result]
