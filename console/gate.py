"""The way in and out: log-in, log-out, an own password, and who a request is from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from console import forms
from console.accounts import Account, AccountError, Accounts
from console.asked import LANGUAGES, LOOK, THEMES, Asked, look_of
from console.audit import Audit
from console.hashing import Busy
from console.sessions import AGES, Session, Sessions
from console.throttle import Throttle
from console.visitors import Networks, Visitor, visitor

SESSION, FORM = "svar_session", "svar_form"
_WAY_BACK = re.compile(r"/(?:[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)?")
_YEAR_S = 31_536_000
_FORM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody was let in: `wrong`, `too_many` (for `wait_s` still) or `busy`."""

    cause: str
    wait_s: int = 0


class Gate:
    """Raises Unavailable while the store is away, but for sessions that were seen a moment ago."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        throttle: Throttle,
        audit: Audit,
        chance: Callable[[int], str],
        networks: Networks,
    ) -> None:
        """`chance` gives so many random bytes in hexadecimal."""
        self.networks = networks
        self.refused = 0
        self._accounts = accounts
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit
        self._chance = chance

    # --- who asks ---

    async def ask(self, request: Request) -> Asked:
        """The request as pages see it."""
        asked = self.stranger(request)
        secret = request.cookies.get(_named(SESSION, asked.visitor), "")
        session = await self._sessions.whose(secret) if secret else None
        return asked if session is None else replace(asked, session=session, secret=secret, fresh=False)

    def stranger(self, request: Request) -> Asked:
        """The same, before it is looked who is logged in."""
        came = visitor(request, self.networks)
        secret = request.cookies.get(_named(FORM, came), "")
        language, theme = look_of(request)
        proof = secret or self._chance(_FORM_BYTES)
        return Asked(request.url.path, came, None, language, theme, proof, fresh=not secret)

    async def still(self, session: Session, secret: str) -> bool:
        """Whether a session goes on, for answers that last."""
        return await self._sessions.whose(secret) == session

    async def fields(self, request: Request, asked: Asked) -> Mapping[str, str]:
        """What a form of ours says. Raises FormError."""
        return await forms.read(request, "" if asked.fresh else asked.secret)

    # --- what is done ---

    async def log_in(self, asked: Asked, fields: Mapping[str, str], response: Response) -> Refusal | None:
        """The session's cookie on `response`, or why not."""
        name, address = fields.get("user", "").strip().lower()[:64], asked.visitor.address
        if (wait_s := self._throttle.wait_s(name, address)) > 0:
            return self._put_off(await self._known(name), "too_many", address, int(wait_s) + 1)
        try:
            account = await self._check(name, fields.get("password", ""), address)
        except Busy:
            return self._put_off("", "busy", address, 5)
        if account is None:
            return self._refuse(await self._known(name), "wrong", address)
        self._throttle.right(name, address)
        if asked.session is not None:
            await self._sessions.end(asked.session)
        await self._begin(account, asked.visitor, response)
        self._audit.login(account.name, account.role, address)
        return None

    async def log_out(self, asked: Asked, response: Response, *, everywhere: bool = False) -> None:
        """Nothing where nobody is logged in."""
        if asked.session is None:
            return
        await self._sessions.end(asked.session)
        if everywhere:
            await self._sessions.end_all(asked.session.user)
        self._forget(asked.visitor, response)
        self._audit.logout(asked.session.user, everywhere=everywhere)

    async def change_password(self, asked: Asked, fields: Mapping[str, str], response: Response) -> Refusal | None:
        """Another password, by the old one; all other sessions are over. Raises AccountError."""
        assert asked.session is not None
        user, address = asked.session.user, asked.visitor.address
        if (wait_s := self._throttle.wait_s(user, address)) > 0:
            return self._put_off(user, "too_many", address, int(wait_s) + 1)
        if fields.get("new", "") != fields.get("again", ""):
            return Refusal("differ")
        try:
            if await self._check(user, fields.get("password", ""), address) is None:
                return self._refuse(user, "wrong", address)
            account = await self._accounts.change_password(user, fields.get("new", ""))
        except Busy:
            return self._put_off(user, "busy", address, 5)
        except AccountError:
            return Refusal("unfit")
        self._sessions.forget(user)
        await self._begin(account, asked.visitor, response)
        self._audit.password(user)
        return None

    # --- cookies ---

    def finish(self, asked: Asked, response: Response) -> Response:
        """What a page needs so that its forms can be proven to be ours."""
        if asked.fresh and asked.session is None:
            self._set(response, FORM, asked.secret, asked.visitor, None)
        return response

    def look(self, asked: Asked, fields: Mapping[str, str], response: Response) -> None:
        """Keep another language or theme."""
        language, theme = fields.get("language", asked.language), fields.get("theme", asked.theme)
        if language in LANGUAGES and theme in THEMES:
            secure = asked.visitor.secure
            response.set_cookie(LOOK, f"{language}.{theme}", _YEAR_S, secure=secure, httponly=True, samesite="strict")

    async def _begin(self, account: Account, came: Visitor, response: Response) -> None:
        secret = await self._sessions.begin(account)
        self._set(response, SESSION, secret, came, AGES[account.role].whole_ms // 1000)

    def _set(self, response: Response, name: str, value: str, came: Visitor, age_s: int | None) -> None:
        response.set_cookie(
            _named(name, came), value, age_s, path="/", secure=came.secure, httponly=True, samesite="strict"
        )

    def _forget(self, came: Visitor, response: Response) -> None:
        for name in (SESSION, FORM):
            response.delete_cookie(_named(name, came), path="/", secure=came.secure, httponly=True, samesite="strict")

    async def _known(self, name: str) -> str:
        return name if await self._accounts.get(name) is not None else ""

    async def _check(self, name: str, password: str, address: str) -> Account | None:
        """A wrong one counts; raises Busy also where as many are looked at as may be wrong."""
        with self._throttle.looking(name, address) as room:
            if not room:
                raise Busy
            account = await self._accounts.check(name, password)
            if account is None:
                self._throttle.wrong(name, address)
            return account

    def _refuse(self, user: str, cause: str, address: str) -> Refusal:
        self.refused += 1
        self._audit.refused(user, cause, address)
        return Refusal(cause)

    def _put_off(self, user: str, cause: str, address: str, wait_s: int) -> Refusal:
        """Nobody looks at the password: that costs next to nothing, and is told now and then."""
        if self._throttle.is_news(address):
            return replace(self._refuse(user, cause, address), wait_s=wait_s)
        self.refused += 1
        return Refusal(cause, wait_s)


def way_back(text: str) -> str:
    """Where to go on to after the log-in: a page of ours, whatever was asked."""
    return text if _WAY_BACK.fullmatch(text) and len(text) <= 200 else "/"


def _named(name: str, came: Visitor) -> str:
    """Over TLS browsers hold such a name to this host, this path and TLS."""
    return f"__Host-{name}" if came.secure else name
