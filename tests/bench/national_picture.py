"""The picture of a national day: each site's servicegrad alone and in the shared country, one line a site."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, LEFT, RIGHT, ROW, TOP = 820, 190, 40, 24, 96
ALONE, SHARED, INK, PALE = "#b3541e", "#1f5c99", "#1c1c1c", "#d9d9d9"
FONT = 'font-family="sans-serif" font-size="13"'


def picture(title: str, names: Sequence[str], sites: Mapping[str, tuple[float, float]], target: float) -> str:
    """`sites`: the two parts of 1 by site, in the order of `names`, which says what they are."""
    rows = sorted(sites.items(), key=lambda row: row[1][0])
    height = TOP + ROW * len(rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="18" fill="{INK}">{escape(title)}</text>',
    ]
    for number, (name, colour) in enumerate(zip(names, (ALONE, SHARED), strict=True)):
        left = 24 + 200 * number
        parts.append(f'<circle cx="{left}" cy="52" r="6" fill="{colour}"/>')
        parts.append(f'<text x="{left + 12}" y="57" fill="{INK}">{escape(name)}</text>')
    bottom = height - 24
    for percent in range(0, 101, 20):
        x = _x(percent / 100)
        parts.append(f'<line x1="{x}" y1="{TOP - 14}" x2="{x}" y2="{bottom}" stroke="{PALE}"/>')
        parts.append(f'<text x="{x}" y="{height - 8}" text-anchor="middle" fill="{INK}">{percent} %</text>')
    x = _x(target)
    parts.append(f'<line x1="{x}" y1="{TOP - 14}" x2="{x}" y2="{bottom}" stroke="{INK}" stroke-dasharray="4 4"/>')
    parts.append(f'<text x="{x}" y="{TOP - 18}" text-anchor="middle" fill="{INK}">target {target:.0%}</text>')
    for number, (site, (alone, shared)) in enumerate(rows):
        y = TOP + ROW * number
        parts.append(f'<text x="{LEFT - 12}" y="{y + 5}" text-anchor="end" fill="{INK}">{escape(site)}</text>')
        ends = f'x1="{_x(alone)}" y1="{y}" x2="{_x(shared)}" y2="{y}"'
        parts.append(f'<line {ends} stroke="{SHARED}" stroke-width="2" opacity="0.5"/>')
        parts.append(f'<circle cx="{_x(alone)}" cy="{y}" r="6" fill="{ALONE}"/>')
        parts.append(f'<circle cx="{_x(shared)}" cy="{y}" r="6" fill="{SHARED}"/>')
    return "\n".join([*parts, "</svg>", ""])


def _x(part: float) -> float:
    return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)
