"""HTML from values: what is not markup already is escaped."""

from html import escape

VOID = frozenset({"meta", "link", "input", "br"})


class Html(str):
    """Markup, which may stand as it is."""

    __slots__ = ()


Child = object
"""Html, text, a number, None (nothing), or a list of these."""


def el(tag: str, *children: Child, **attributes: object) -> Html:
    """An element. `class_` is class, `data_k` is data-k; None and False leave an attribute out, True is a bare one."""
    there = {name: value for name, value in attributes.items() if value is not None and value is not False}
    told = "".join(_attribute(name, value) for name, value in there.items())
    if tag in VOID:
        return Html(f"<{tag}{told}>")
    return Html(f"<{tag}{told}>{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
    """One after the other."""
    return Html("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, list | tuple):
        return join(*child)
    return escape(str(child))


def _attribute(name: str, value: object) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
