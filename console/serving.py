"""From a request to a page in its frame, for whoever asks: each fault is the answer to one request."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from acd.distributor import DistributorError
from console.asked import Asked
from console.forms import FormError
from console.gate import Gate, way_back
from console.pages import entry
from console.pages.frame import HEADERS, Content, Link, framed

log = structlog.get_logger(__name__)

Answer = Callable[[Request], Awaitable[Response]]
Show = Callable[[Asked], Awaitable[Content]]


class Serving:
    """`links` says what stands in the menu."""

    def __init__(self, gate: Gate, links: Callable[[Asked], list[Link]]) -> None:
        self.gate = gate
        self._links = links

    async def inside(self, request: Request, show: Show) -> Response:
        """The page for who is logged in; who is not is led to the log-in, and back."""

        async def answer(asked: Asked) -> Response:
            if asked.session is None:
                return to_log_in(asked.path)
            return self.page(asked, await show(asked))

        return await self.anybody(request, answer)

    async def anybody(self, request: Request, answer: Callable[[Asked], Awaitable[Response]]) -> Response:
        """What `answer` gives, or the page of what went wrong."""
        asked = self.gate.stranger(request)
        try:
            asked = await self.gate.ask(request)
            return self.gate.finish(asked, await answer(asked))
        except ClientDisconnect:
            return Response(status_code=400)
        except DistributorError:
            told = entry.fault(asked, "fault", "store_away", 503)
        except FormError as error:
            told = entry.fault(asked, "fault", "old_form", error.status)
        except Exception:
            log.exception("a page failed", method=request.method, path=request.url.path[:200])
            told = entry.fault(asked, "fault", "fault_text", 500)
        return self.gate.finish(asked, self.page(asked, told))

    def page(self, asked: Asked, content: Content) -> Response:
        """In its frame."""
        return framed(asked, content, self._links(asked))


def to_log_in(path: str) -> Response:
    """And back to that page of ours."""
    return RedirectResponse(f"/login?back={way_back(path)}", 303, HEADERS)
