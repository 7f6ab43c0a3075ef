"""Pages before and around the log-in: log in, the own account, and what cannot be shown."""

from console.accounts import LONGEST, SHORTEST
from console.asked import Asked
from console.gate import Refusal
from console.pages.frame import Content, form
from console.pages.markup import Html, el, join
from console.pages.words import say


def log_in(asked: Asked, back: str, told: str = "", status: int = 200) -> Content:
    """`told` is why nobody was let in."""
    words = asked.language
    hidden = el("input", type="hidden", name="back", value=back)
    fields = [
        _field(
            "user", say(words, "user"), autocomplete="username", autocapitalize="none", spellcheck="false", maxlength=64
        ),
        _field("password", say(words, "password"), type="password", autocomplete="current-password", maxlength=LONGEST),
    ]
    inner = form(asked, "/login", hidden, fields, el("button", say(words, "log_in"), class_="main"))
    body = el("div", el("h1", say(words, "log_in")), _told(told), inner, class_="narrow card")
    return Content(say(words, "log_in"), body, status=status)


def account(asked: Asked, told: str = "", *, well: bool = False, status: int = 200) -> Content:
    """The own password, and the way out everywhere."""
    assert asked.session is not None
    words, session = asked.language, asked.session
    fields = [
        el("input", type="hidden", autocomplete="username", name="user", value=session.user),
        _field("password", say(words, "password_old"), type="password", autocomplete="current-password"),
        _field("new", say(words, "password_new"), type="password", autocomplete="new-password", minlength=SHORTEST),
        _field("again", say(words, "password_again"), type="password", autocomplete="new-password", minlength=SHORTEST),
    ]
    change = form(asked, "/account", fields, el("button", say(words, "password_change"), class_="main"))
    out = form(asked, "/logout", el("button", say(words, "everywhere"), name="everywhere", value="1"))
    who = say(words, "account_of", user=session.user, role=say(words, f"role_{session.role}"))
    body = join(
        el("h1", say(words, "account")),
        el("p", who, class_="quiet"),
        el("section", el("h2", say(words, "password")), _told(told, well=well), change, class_="narrow card"),
        el(
            "section",
            el("h2", say(words, "sessions")),
            el("p", say(words, "everywhere_text")),
            out,
            class_="narrow card",
        ),
    )
    return Content(say(words, "account"), body, status=status)


def refused(asked: Asked, refusal: Refusal) -> str:
    """Why, in words that tell nobody which accounts there are."""
    if refusal.cause == "too_many":
        return say(asked.language, "too_many", wait=refusal.wait_s)
    return say(asked.language, refusal.cause)


def fault(asked: Asked, title: str, text: str, status: int) -> Content:
    """What cannot be shown, and the way back."""
    words = asked.language
    inside = asked.session is not None
    link = el("a", say(words, "home" if inside else "log_in"), href="/" if inside else "/login")
    told = el("p", say(words, text)) if text else None
    return Content(
        say(words, title), el("div", el("h1", say(words, title)), told, link, class_="narrow"), status=status
    )


def _field(name: str, label: str, **attributes: object) -> Html:
    return el("label", el("span", label), el("input", name=name, required=True, **attributes))


def _told(text: str, *, well: bool = False) -> Html | None:
    return el("p", text, class_="well" if well else "wrong", role="status" if well else "alert") if text else None
