"""return: go back to the flow that called this one."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.language.schema import Name
from ivr.language.ways import Moment, Move
from ivr.nodes.base import Node
from ivr.nodes.subflow import Subflow
from ivr.running.run import Run, TooDeepError


class Return(Node):
    """Goes back to the flow that called this one, which goes on by `result`.

    ```yaml
    known:
      type: return
      result: known
    ```
    """

    type: Literal["return"]
    result: Name = Field(default="done", description="Its name; the `subflow` node says where each result leads.")

    def moves(self, moment: Moment) -> Iterable[Move]:
        return [Move(returns=self.result)]

    async def run(self, run: Run) -> str | None:
        if not run.data.frames:
            raise TooDeepError(f"flow {run.data.flow!r} was not called by another one")
        frame = run.data.frames[-1]
        caller = run.book.by_name[frame.flow].nodes[frame.step]
        if not isinstance(caller, Subflow):
            raise TooDeepError(f"flow {frame.flow!r} called from {frame.step!r}, which is no subflow")
        taken = {ours: run.value(theirs) for ours, theirs in caller.take.items()}
        run.return_flow()
        return caller.came_back(run, self.result, taken)
