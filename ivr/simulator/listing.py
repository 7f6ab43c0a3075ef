"""One call as a table: the clock, where it should have gone, where it went, and what was heard and pressed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ivr.files.telling import Style, plain
from ivr.language.calendar import OSLO
from ivr.simulator.story import Line, Story, lines

_WIDEST_STEP = 28
_NO_MORE = "(no more)"


def listing(
    story: Story, *, wanted: Sequence[str] | None = None, left_at: int = -1, width: int = 100, style: Style = plain
) -> Iterator[str]:
    """The call line by line. With `wanted`, the expected path stands beside the path taken, and `>` marks where it was
    left, after `left_at` steps.
    """
    told = list(lines(story))
    column = _column(wanted or (), sum(bool(line.step) for line in told))
    if wanted is not None:
        yield style(_crop(f"  {'clock':<10}  {'expected':<{column}}  happened", width), "line")
    steps = 0
    for line in told:
        mark, expected = " ", ""
        if line.step and wanted is not None:
            expected = wanted[steps] if steps < len(wanted) else _NO_MORE
            mark = ">" if steps == left_at else " "
            steps += 1
        yield _row(story, line, mark, f"{expected:<{column}}  " if wanted is not None else "", width, style)
    if wanted is not None and 0 <= left_at == steps < len(wanted):
        yield style(_crop(f"> {'':<10}  {wanted[steps]:<{column}}  (never came here)", width), "error")


def _row(story: Story, line: Line, mark: str, expected: str, width: int, style: Style) -> str:
    happened = line.words if line.step else f"  {line.words}"
    row = _crop(f"{mark} {clock(story, line.at_s):<10}  {expected}{happened}", width)
    return style(row, "error") if mark == ">" else style(row, "place") if line.step else row


def clock(story: Story, at_s: float) -> str:
    """Norway's time of day, to the tenth of a second."""
    moment = datetime.fromtimestamp(story.begins_ms / 1000 + round(at_s, 1), OSLO)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"


def _column(wanted: Sequence[str], steps: int) -> int:
    shown = [*wanted, _NO_MORE] if steps > len(wanted) else wanted
    return min(_WIDEST_STEP, max([len("expected"), *map(len, shown)]))


def _crop(row: str, width: int) -> str:
    row = row.rstrip()
    return row if len(row) <= width else row[: width - 1] + "…"
