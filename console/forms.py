"""Forms: bounded, of the shape that they are served with, and sent by our own pages alone."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

MOST_BYTES = 8_192
WITHIN_S = 10.0
TOKEN = "form"
"""The field with the proof that a page of ours made the form."""


class FormError(Exception):
    """What came is no form of ours; `status` is the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def token_of(secret: str) -> str:
    """The proof for whoever holds this cookie; it tells nothing of the cookie."""
    return hmac.new(secret.encode("utf-8", "replace"), b"svar form", hashlib.sha256).hexdigest()


async def read(request: Request, secret: str) -> Mapping[str, str]:
    """The fields. Raises FormError, ClientDisconnect."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormError(403, "the form was sent by another site")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError(415, "expected a form")
    data = bytearray()
    try:
        async with asyncio.timeout(WITHIN_S):
            async for piece in request.stream():
                data += piece
                if len(data) > MOST_BYTES:
                    raise FormError(413, "the form is too long")
    except TimeoutError:
        raise FormError(408, "the form did not come") from None
    try:
        fields = dict(parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise FormError(400, "the form cannot be read") from None
    if not secret or not hmac.compare_digest(fields.get(TOKEN, "").encode(), token_of(secret).encode()):
        raise FormError(403, "the form is too old, or not ours")
    return fields
