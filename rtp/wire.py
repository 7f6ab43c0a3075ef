"""What crosses between the SIP process and a media worker: frames of JSON, and the port's values in them.

A frame is its length in four bytes and one JSON array. The methods and their types are read from the port itself
(`rtp.engine.MediaEngine`), so that one that is added there needs no word here. Nothing that is decoded can run.

To the worker goes `[id, method, [arguments]]`; back come `[id, 0, result]`, `[id, status, message]` for a MediaError,
`[0, event, [fields]]` and, for a line of log, `[-1, level, message, {values}]`.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin, get_type_hints

from rtp.engine import MediaEngine, MediaEvent

MOST_FRAME_BYTES: Final = 256 * 1024
"""Four times the largest SDP, which a datagram bounds."""
EVENT, LOG = 0, -1
"""Stand where an answer has the id of what was asked."""

Decode = Callable[[Any], Any]


class WireError(Exception):
    """What came is no frame, or its value is not what was expected; what sent it cannot be trusted further."""


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    raise WireError(f"{type(value).__name__}: expected a plain value, an enum or a dataclass")


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_plain)
_DECODER = json.JSONDecoder()


def frame(message: list[Any]) -> bytes:
    """Raises WireError for what is larger than a frame may be, or no value."""
    body = _ENCODER.encode(message).encode("ascii")
    if len(body) > MOST_FRAME_BYTES:
        raise WireError(f"a frame of {len(body)} bytes; at most {MOST_FRAME_BYTES}")
    return len(body).to_bytes(4, "big") + body


class Frames:
    """Cuts a stream into frames, however it arrives."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes | memoryview) -> Iterator[list[Any]]:
        """The messages that are complete by now. Raises WireError."""
        rest = self._rest
        rest += data
        begin = 0
        while len(rest) - begin >= 4:
            size = int.from_bytes(rest[begin : begin + 4], "big")
            if size > MOST_FRAME_BYTES:
                raise WireError(f"a frame of {size} bytes; at most {MOST_FRAME_BYTES}")
            end = begin + 4 + size
            if len(rest) < end:
                break
            yield _message(rest[begin + 4 : end])
            begin = end
        del rest[:begin]


def _message(body: bytearray) -> list[Any]:
    try:
        message = _DECODER.decode(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {error}") from None
    if not isinstance(message, list) or not message or type(message[0]) is not int:
        raise WireError("expected an array that begins with a number")
    return message


def decoder(kind: Any) -> Decode:
    """What makes a value of the annotated type `kind` of what JSON gave; it raises WireError for anything else."""
    if isinstance(kind, NewType):
        return decoder(kind.__supertype__)
    if kind is None or kind is NoneType:
        return _exactly((NoneType,))
    if kind in (str, int, bool):
        return _exactly((kind,))
    if kind is float:
        return _exactly((float, int))
    if get_origin(kind) in (Union, UnionType):
        return _optional(kind)
    if get_origin(kind) is tuple:
        return _tuple(decoder(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    raise TypeError(f"{kind}: no such type can cross to a media worker")


def _exactly(kinds: tuple[type, ...]) -> Decode:
    def decode(value: Any) -> Any:
        if type(value) not in kinds:
            raise WireError(f"{type(value).__name__}: expected {kinds[0].__name__}")
        return value

    return decode


def _optional(kind: Any) -> Decode:
    (inner,) = [arg for arg in get_args(kind) if arg is not NoneType]
    decode = decoder(inner)
    return lambda value: None if value is None else decode(value)


def _tuple(inner: Decode) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, list):
            raise WireError(f"{type(value).__name__}: expected a list")
        return tuple(map(inner, value))

    return decode


def _enum(kind: type[Enum]) -> Decode:
    def decode(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError as error:
            raise WireError(str(error)) from None

    return decode


def _dataclass(kind: type) -> Decode:
    hints = get_type_hints(kind)
    decoders = [decoder(hints[field.name]) for field in fields(kind)]

    def decode(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(decoders):
            raise WireError(f"{kind.__name__}: expected its {len(decoders)} fields")
        return kind(*[decode(part) for decode, part in zip(decoders, value, strict=True)])

    return decode


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the port: `arguments` in the order of its signature, the last ones by name."""

    arguments: tuple[Decode, ...]
    keywords: tuple[str, ...]
    result: Decode

    def decode(self, values: Any) -> tuple[list[Any], dict[str, Any]]:
        """Raises WireError."""
        if not isinstance(values, list) or len(values) != len(self.arguments):
            raise WireError(f"expected {len(self.arguments)} arguments")
        decoded = [decode(value) for decode, value in zip(self.arguments, values, strict=True)]
        by_place = len(decoded) - len(self.keywords)
        return decoded[:by_place], dict(zip(self.keywords, decoded[by_place:], strict=True))


def _method(function: Callable[..., Any]) -> Method:
    hints = get_type_hints(function)
    parameters = [
        parameter for parameter in inspect.signature(function).parameters.values() if parameter.name != "self"
    ]
    by_name = tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
    decoders = tuple(decoder(hints[parameter.name]) for parameter in parameters)
    return Method(decoders, by_name, decoder(hints["return"]))


METHODS: Final = {
    name: _method(function) for name, function in vars(MediaEngine).items() if inspect.iscoroutinefunction(function)
}
"""Every method of the port that is a command."""

EVENTS: Final = {kind.__name__: decoder(kind) for kind in get_args(MediaEvent)}


def event_frame(event: MediaEvent) -> bytes:
    return frame([EVENT, type(event).__name__, event])


def decode_event(message: list[Any]) -> MediaEvent:
    """Raises WireError."""
    if len(message) != 3 or message[1] not in EVENTS:
        raise WireError("expected an event and its fields")
    event: MediaEvent = EVENTS[message[1]](message[2])
    return event
