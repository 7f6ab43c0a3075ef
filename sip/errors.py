"""What can go wrong in `sip/`: one tree (`MessageError` stands beside the messages it carries)."""


class SipError(Exception):
    """The root of the package's exceptions."""


class ParseError(SipError):
    """Text that is not what RFC 3261 §25 allows; `status` is what to answer a request with."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
