"""What is answered instead of what was asked for: problems as RFC 9457 has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from acd.distributor import DistributorError, Refused, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_S = 2

PROBLEMS: dict[str, tuple[int, str]] = {
    "no_token": (401, "A token is needed: Authorization: Bearer svar_..."),
    "not_allowed": (403, "This token may not do that"),
    "no_such_path": (404, "There is nothing here"),
    "no_agent": (404, "There is no such agent"),
    "no_queue": (404, "There is no such queue"),
    "no_contact": (404, "There is no such contact"),
    "no_topics": (404, "There is no such tree of topics"),
    "wrong_method": (405, "That is not done here"),
    "bad_state": (409, "That does not fit the state"),
    "no_phone": (409, "The agent's phone cannot be rung"),
    "full": (409, "There is no more room"),
    "too_large": (413, "The body is too long"),
    "wrong_type": (415, "A body is application/json"),
    "not_json": (400, "The body is no JSON"),
    "bad_page": (400, "The query asks for no page of this list"),
    "malformed": (422, "The body has mistakes"),
    "unknown_topic": (422, "The tree of the queue has no such topic"),
    "too_many_failures": (429, "Too many requests without a good token from this address"),
    "fault": (500, "Something went wrong here"),
    "unavailable": (503, "The store cannot be reached: ask again"),
}
"""Status and title by code. The code is the name of the problem for programs, and never changes."""

REFUSALS = {
    "NOAGENT": "no_agent",
    "NOQUEUE": "no_queue",
    "NOCONTACT": "no_contact",
    "NOOFFER": "bad_state",
    "BADSTATE": "bad_state",
    "FULL": "full",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a body: `pointer` is where (RFC 6901)."""

    pointer: str
    detail: str


class Problem(Exception):
    """`code` is one of PROBLEMS; `detail` says what to do about this one."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        mistakes: Sequence[Mistake] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.mistakes = tuple(mistakes)
        self.headers = dict(headers)
        self.status, self.title = PROBLEMS[code]

    def members(self) -> dict[str, object]:
        """The JSON object. `type` leads to all problems in words."""
        told: dict[str, object] = {
            "type": f"/api/v1/problems#{self.code}",
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.mistakes:
            told["mistakes"] = [{"pointer": one.pointer, "detail": one.detail} for one in self.mistakes]
        return told


def of(error: DistributorError) -> Problem:
    """What a command was refused for, or that the store is away."""
    if isinstance(error, Unavailable):
        detail = "whether it was done is not known; it may be asked for again"
        return Problem("unavailable", detail, headers={"Retry-After": str(RETRY_S)})
    code = error.code if isinstance(error, Refused) else ""
    return Problem(REFUSALS.get(code, "bad_state"), str(error).removeprefix(f"{code} "))
