"""What stands around every page: the head, the bar with the menu, and the foot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from console.asked import THEMES, Asked
from console.forms import TOKEN, token_of
from console.pages.markup import Child, Html, el, join
from console.pages.words import say
from console.static_files import STATIC

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
REFRESH_S = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the menu."""

    path: str
    word: str


@dataclass(frozen=True, slots=True)
class Content:
    """A page without its frame. `refresh_s`: fetched anew so often; 0 never. `live`: kept up to date by events.

    `script` is a module of static/ beside the frame's own; `bare`: without bar and foot.
    """

    title: str
    body: Html
    script: str = ""
    refresh_s: int = 0
    live: bool = False
    bare: bool = False
    status: int = 200
    shape: str = ""


Frame = Callable[[Asked, Content, Sequence[Link]], Response]


def framed(asked: Asked, content: Content, links: Sequence[Link]) -> Response:
    """The whole page."""
    html = el(
        "html",
        _head(asked, content),
        el("body", _body(asked, content, links), class_="screen" if content.bare else None),
        lang=asked.language,
        data_theme=asked.theme if not content.bare else "dark",
    )
    headers = HEADERS | (TLS_HEADERS if asked.visitor.secure else {})
    return HTMLResponse(f"<!doctype html>\n{html}\n", content.status, headers)


def form(asked: Asked, action: str, *children: Child, **attributes: object) -> Html:
    """A form that is proven to be ours."""
    proof = el("input", type="hidden", name=TOKEN, value=token_of(asked.secret))
    return el("form", proof, *children, method="post", action=action, **attributes)


def _head(asked: Asked, content: Content) -> Html:
    again = content.refresh_s or (REFRESH_S if content.live else 0)
    plain = el("noscript", el("meta", http_equiv="refresh", content=again)) if again else None
    scripts = [el("script", type="module", src=STATIC.path(name)) for name in ("page.js", content.script) if name]
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"{content.title} – svar"),
        el("link", rel="icon", href=STATIC.path("mark.svg"), type="image/svg+xml"),
        [el("link", rel="stylesheet", href=STATIC.path(name)) for name in ("base.css", "pages.css", "board.css")],
        scripts,
        plain,
    )


def _body(asked: Asked, content: Content, links: Sequence[Link]) -> Html:
    main = el(
        "main",
        content.body,
        id="main",
        tabindex="-1",
        data_live="/events" if content.live else None,
        data_shape=content.shape or None,
        data_refresh=content.refresh_s or None,
    )
    if content.bare:
        return main
    skip = el("a", say(asked.language, "skip"), href="#main", class_="skip")
    return join(skip, _bar(asked, links), main)


def _bar(asked: Asked, links: Sequence[Link]) -> Html:
    brand = el("a", el("span", "svar", class_="name"), href="/", class_="brand", aria_label="svar")
    return el(
        "header", brand, _menu(asked, links), el("div", _look(asked), _person(asked), class_="tools"), class_="bar"
    )


def _menu(asked: Asked, links: Sequence[Link]) -> Html | None:
    if not links:
        return None
    items = [el("li", _link(asked, one)) for one in links]
    return el("nav", el("ul", items), aria_label=say(asked.language, "menu"))


def _link(asked: Asked, link: Link) -> Html:
    here = asked.path == link.path or (link.path != "/" and asked.path.startswith(f"{link.path}/"))
    return el("a", say(asked.language, link.word), href=link.path, aria_current="page" if here else None)


def _look(asked: Asked) -> Html:
    other, words = ("en" if asked.language == "nb" else "nb"), asked.language
    back = el("input", type="hidden", name="back", value=asked.path)
    language = el("button", say(words, "language"), name="language", value=other, lang=other)
    following = THEMES[(THEMES.index(asked.theme) + 1) % len(THEMES)]
    label = f"{say(words, 'theme')}: {say(words, f'theme_{asked.theme}')}"
    theme = el("button", el("span", class_=f"theme-mark {asked.theme}", aria_hidden="true"),
               el("span", label, class_="unseen"), name="theme", value=following, title=label)  # fmt: skip
    return form(asked, "/look", back, language, theme, class_="look")


def _person(asked: Asked) -> Html | None:
    if asked.session is None:
        return None
    words = asked.language
    return el(
        "details",
        el("summary", asked.session.user),
        el(
            "div",
            el("p", say(words, f"role_{asked.session.role}"), class_="quiet"),
            el("a", say(words, "account"), href="/account"),
            form(asked, "/logout", el("button", say(words, "log_out"))),
            class_="card",
        ),
        class_="person",
    )
