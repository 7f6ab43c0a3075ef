"""The live table, the plain lines, and the closing summary."""

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from metrics.service_level import Tally, servicegrad_45, svargrad
from metrics.wallboard import Board, QueueRow
from svar.demo.figures import balances, whole

STATES = {
    "ready": ("klar", "ready"),
    "offered": ("ringer", "ringing"),
    "talking": ("i samtale", "talking"),
    "wrap_up": ("etterarbeid", "wrap-up"),
    "not_ready": ("ikke klar", "not ready"),
}
RATES = ("svargrad\nans. rate", "70/45\nlevel")
LIVE = ("venter\nwaiting", "lengst\nlongest", "tilbudt\noffered", "besvart\nanswered", "tapt\nlost", *RATES)
CLOSING = (
    "tilbudt\noffered\nO",
    "besvart\nanswered\nA",
    "tapt\nlost\nL",
    "videre\nflowed\nout F",
    "venter\nwaiting\nW",
    *RATES,
)
GOOD = 0.7
"""The 70 of 70/45."""


def clock(ms: int) -> str:
    """`10:05` from milliseconds since midnight."""
    minutes = ms // 60_000
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def length(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def share(ratio: float | None) -> str:
    return "" if ratio is None else f"{100 * ratio:.1f} %"


class Screen:
    """`titles` are the queues' names for people."""

    def __init__(self, titles: Mapping[str, str], speed: float) -> None:
        self._titles = titles
        self._speed = speed

    def live(self, board: Board, now_ms: int) -> Group:
        """The table as it is now."""
        table = _table(LIVE)
        longest_s = 0
        for row in self._rows(board):
            wait_s = row.longest_wait_s(now_ms)
            longest_s = max(longest_s, wait_s)
            table.add_row(self._titles.get(row.queue, row.queue), *_cells(row.waiting, wait_s, row.tally))
        total = whole(board)
        table.add_row("Alle (all)", *_cells(total.waiting, longest_s, total), style="bold")
        head = Text.assemble(
            (f" {clock(now_ms)} ", "reverse bold"),
            f"  simulated time of day, speed {self._speed:g}   samtaler nå (calls in progress): {board.contacts}",
        )
        return Group(head, table, Text(self._agents(board)))

    def line(self, board: Board, now_ms: int) -> str:
        """The same in a line, for where there is no terminal."""
        total = whole(board)
        longest_s = max((row.longest_wait_s(now_ms) for row in board.queues), default=0)
        return (
            f"{clock(now_ms)}  offered {total.offered}  answered {total.answered}  lost {total.lost}  "
            f"waiting {total.waiting} (longest {length(longest_s)})  svargrad {share(svargrad(total)) or '-'}  "
            f"servicegrad 70/45 {share(servicegrad_45(total)) or '-'}  calls {board.contacts}  "
            + "  ".join(f"{name} {board.agents.get(state, 0)}" for state, (_, name) in STATES.items())
        )

    def closing(self, board: Board) -> Group:
        """What became of everybody, queue by queue, and whether it adds up."""
        table = _table(CLOSING)
        for row in self._rows(board):
            if row.tally.offered:
                table.add_row(self._titles.get(row.queue, row.queue), *_sums(row.waiting, row.tally))
        total = whole(board)
        waiting = sum(row.waiting for row in board.queues)
        table.add_row("Alle (all)", *_sums(waiting, total), style="bold")
        verdict = "O = A + L + F + W in every queue" if balances(board) else "O = A + L + F + W DOES NOT HOLD"
        return Group(table, Text(verdict))

    def _rows(self, board: Board) -> list[QueueRow]:
        """In the order of the configuration."""
        order = {queue: place for place, queue in enumerate(self._titles)}
        return sorted(board.queues, key=lambda row: order.get(row.queue, len(order)))

    def _agents(self, board: Board) -> str:
        there = [f"{norwegian} ({name}) {board.agents.get(state, 0)}" for state, (norwegian, name) in STATES.items()]
        return "Veiledere (agents):\n" + " · ".join(there)


def _table(columns: tuple[str, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("kø\nqueue", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(waiting: int, longest_s: int, tally: Tally) -> list[Text | str]:
    wait = length(longest_s) if waiting else ""
    counts = [str(tally.offered), str(tally.answered), str(tally.lost)]
    return [str(waiting or ""), wait, *counts, share(svargrad(tally)), _graded(tally)]


def _sums(waiting: int, tally: Tally) -> list[Text | str]:
    sums = [tally.offered, tally.answered, tally.lost, tally.flowed_out, waiting]
    return [*map(str, sums), share(svargrad(tally)), _graded(tally)]


def _graded(tally: Tally) -> Text:
    ratio = servicegrad_45(tally)
    return Text(share(ratio), style="" if ratio is None else "green" if ratio >= GOOD else "red")
