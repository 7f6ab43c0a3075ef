"""The plots of a page: SVG that needs no script, has words for those who cannot see it, and prints in grey."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP = 860, 56, 16, 30
ANSWERED, LOST, FLOWED, INK, PALE, LEVEL = "#1f5c99", "#c2571a", "#9aa3ad", "#1c1c1c", "#dfe3e8", "#0f7a5a"
MOST_TICKS = 16


@dataclass(frozen=True, slots=True)
class Bar:
    """What came of those of one time: parts from the bottom up."""

    label: str
    parts: tuple[int, ...]


def bars(title: str, names: Sequence[str], found: Sequence[Bar], height: int = 220) -> str:
    """Stacked bars over time; the first of `names` stands at the bottom."""
    colours = (ANSWERED, LOST, FLOWED, PALE)[: len(names)]
    highest = max((sum(bar.parts) for bar in found), default=0)
    top, step = _scale(highest)
    floor = height - 28
    parts = list(_frame(title, height, [f"{bar.label}: {', '.join(map(str, bar.parts))}" for bar in found]))
    parts += _legend(names, colours)
    for at in range(0, top + 1, step):
        parts += _line_of_scale(floor - (floor - TOP) * at / top, f"{at:,}".replace(",", "\u202f"))
    wide = (WIDTH - LEFT - RIGHT) / max(len(found), 1)
    for number, bar in enumerate(found):
        x, y = LEFT + number * wide, float(floor)
        for count, colour in zip(bar.parts, colours, strict=True):
            tall = (floor - TOP) * count / top
            y -= tall
            if count:
                place = f'x="{x + wide * 0.12:.1f}" y="{y:.1f}" width="{wide * 0.76:.1f}" height="{tall:.1f}"'
                parts.append(f'<rect {place} fill="{colour}"/>')
    parts += _times([bar.label for bar in found], wide, floor)
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class Line:
    """Shares over time (None: nothing to divide by), and their goal, 0 for none."""

    name: str
    shares: Sequence[float | None]
    goal: float


def lines(title: str, times: Sequence[str], found: Sequence[Line], height: int = 200) -> str:
    """Shares from 0 to 100 %; each goal is a dashed line in its colour."""
    colours, floor = (ANSWERED, LEVEL), height - 28
    told = [f"{line.name}: {_told(times, line.shares)}" for line in found]
    parts = list(_frame(title, height, told))
    parts += _legend([line.name for line in found], colours)
    wide = (WIDTH - LEFT - RIGHT) / max(len(times), 1)

    def y_of(share: float) -> float:
        return floor - (floor - TOP) * share

    for at in range(0, 101, 20):
        parts += _line_of_scale(y_of(at / 100), f"{at}\u202f%")
    for line, colour in zip(found, colours, strict=False):
        if line.goal:
            y = y_of(line.goal)
            parts.append(
                f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{colour}" '
                'stroke-width="1.2" stroke-dasharray="6 4"/>'
            )
        points = [(LEFT + (n + 0.5) * wide, y_of(share)) for n, share in enumerate(line.shares) if share is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in points]
    parts += _times(times, wide, floor)
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a dot plot."""

    name: str
    shares: tuple[float | None, ...]


def dots(title: str, names: Sequence[str], rows: Sequence[Row], goals: Sequence[float]) -> str:
    """A line a row, a dot a share; goals as dashed lines."""
    left, step = 240, 22
    height = TOP + 24 + step * len(rows) + 22
    told = [f"{row.name}: {', '.join(map(_percent, row.shares))}" for row in rows]
    parts = list(_frame(title, height, told))
    colours = (ANSWERED, LEVEL)
    parts += _legend(names, colours)
    bottom = height - 22

    def x_of(share: float) -> float:
        return left + share * (WIDTH - left - RIGHT - 20)

    for at in range(0, 101, 20):
        x = x_of(at / 100)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP + 8}" x2="{x:.1f}" y2="{bottom}" stroke="{PALE}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{at}\u202f%</text>')
    for goal, colour in zip(goals, colours, strict=False):
        if goal:
            x = x_of(goal)
            place = f'x1="{x:.1f}" y1="{TOP + 8}" x2="{x:.1f}" y2="{bottom}"'
            parts.append(f'<line {place} stroke="{colour}" stroke-width="1.2" stroke-dasharray="6 4"/>')
    for number, row in enumerate(rows):
        y = TOP + 24 + step * number
        parts.append(f'<text x="{left - 12}" y="{y + 4}" text-anchor="end">{escape(_short(row.name))}</text>')
        there = [x_of(share) for share in row.shares if share is not None]
        if len(there) > 1:
            parts.append(f'<line x1="{min(there):.1f}" y1="{y}" x2="{max(there):.1f}" y2="{y}" stroke="{FLOWED}"/>')
        for share, colour in zip(row.shares, colours, strict=False):
            if share is not None:
                parts.append(f'<circle cx="{x_of(share):.1f}" cy="{y}" r="5" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>"])


def _frame(title: str, height: int, told: Sequence[str]) -> Iterator[str]:
    yield f'<svg role="img" viewBox="0 0 {WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">'
    yield f"<title>{escape(title)}</title><desc>{escape('; '.join(told))}</desc>"


def _legend(names: Sequence[str], colours: Sequence[str]) -> Iterator[str]:
    x = float(LEFT)
    for name, colour in zip(names, colours, strict=False):
        yield f'<rect x="{x:.1f}" y="4" width="11" height="11" rx="2" fill="{colour}"/>'
        yield f'<text x="{x + 16:.1f}" y="14">{escape(name)}</text>'
        x += 16 + 6.6 * len(name) + 24


def _line_of_scale(y: float, text: str) -> Iterator[str]:
    yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{PALE}"/>'
    yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'


def _times(times: Sequence[str], wide: float, floor: float) -> Iterator[str]:
    every = -(-len(times) // MOST_TICKS)
    for number, text in enumerate(times):
        if number % max(every, 1) == 0:
            x = LEFT + (number + 0.5) * wide
            yield f'<text x="{x:.1f}" y="{floor + 18:.1f}" text-anchor="middle">{escape(text)}</text>'


def _scale(highest: int) -> tuple[int, int]:
    """The top of an axis and its step: 1, 2 or 5 times a power of ten, about five of them."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if highest <= 5 * step:
                return max(-(-highest // step), 1) * step, step
        power *= 10


def _told(times: Sequence[str], shares: Sequence[float | None]) -> str:
    return ", ".join(f"{time} {_percent(share)}" for time, share in zip(times, shares, strict=True))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _short(name: str) -> str:
    return name if len(name) <= 34 else name[:33] + "…"
