"""Pieces of a page's markup: text in the one language with the other beside it, tables, tiles."""

from collections.abc import Iterable, Sequence
from html import escape

from svar.reports.words import Language

Both = tuple[str, str]
"""Norwegian and English."""


class Markup:
    """Writes in `language`, with the other one beside it where there is room."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def own(self, both: Both) -> str:
        return escape(self.language.of(both))

    def both(self, both: Both) -> str:
        if both[0] == both[1]:
            return escape(both[0])
        other = "en" if self.language is Language.NORWEGIAN else "nb"
        beside = escape(self.language.beside(both))
        return f'{self.own(both)} <span class="beside" lang="{other}">{beside}</span>'

    def heading(self, both: Both) -> str:
        return f"<h2>{self.both(both)}</h2>"

    def paragraph(self, both: Both, kind: str = "") -> str:
        return f"<p{_class(kind)}>{self.both(both)}</p>"

    def items(self, found: Iterable[Both]) -> str:
        return "<ul>" + "".join(f"<li>{self.both(one)}</li>" for one in found) + "</ul>"

    def figure(self, caption: Both, svg: str) -> str:
        return f"<figure><figcaption>{self.both(caption)}</figcaption>{svg}</figure>"

    def table(
        self,
        caption: Both,
        heads: Sequence[Both],
        rows: Iterable[Sequence[str]],
        last: Sequence[str] = (),
        kind: str = "",
    ) -> str:
        """Cells are markup already (see `cell`); the first of a row heads it."""
        head = "".join(f'<th scope="col">{self.both(one)}</th>' for one in heads)
        foot = f"<tfoot>{_row(last)}</tfoot>" if last else ""
        body = "".join(map(_row, rows))
        inner = f"<caption>{self.both(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}"
        return f'<div class="scroll"><table{_class(kind)}>{inner}</table></div>'

    def tile(self, name: Both, value: str, against: Both, kind: str = "") -> str:
        """One figure that is meant to be seen first."""
        under = f'<div class="against">{self.own(against)}</div>' if against[0] else ""
        shown = f'<dd><div class="value">{escape(value)}</div>{under}</dd>'
        return f'<dl class="tile {kind}"><dt>{self.both(name)}</dt>{shown}</dl>'


def cell(text: str, kind: str = "") -> str:
    return f"<td{_class(kind)}>{escape(text)}</td>"


def head(text: str) -> str:
    return f'<th scope="row">{escape(text)}</th>'


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
