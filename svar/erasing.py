"""Taking one caller out of everything that this installation keeps, and saying what is left elsewhere."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from acd.callers import callers
from acd.distributor import DistributorError
from acd.model import NodeId
from acd.pseudonym_keys import PseudonymKeys
from acd.store import RedisDistributor
from acd.trail import Trail
from events.catalogue import ContactStarted
from ivr import mailbox_folder
from ivr.web.gateway import international
from metrics.records import Access, Records
from metrics.records.erasure import Found, Whom
from svar import mailboxes, records_in_service, trails
from svar.config import Config, ConfigError
from svar.pseudonyms import pseudonyms

_END = 8
"""Digits at the end of a number that are looked for first; then the whole of it is compared."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A number in its international form, or what was sent in place of one."""

    pii_number: str
    region: str

    def same(self, pii_other: str) -> bool:
        if not pii_other:
            return False
        return pii_other == self.pii_number or international(pii_other, self.region) == self.pii_number


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is asked for: by whom, why, and whether it is only looked at."""

    pii_number: str
    who: str
    why: str
    only_look: bool


async def erase(config: Config, asked: Erasure) -> list[str]:
    """In lines for people: what was found, what was done with it, what is out of reach.

    Raises ConfigError, RecordsError, EmbeddedError, and acd's errors.
    """
    region = config.outbound.region
    caller = Caller(international(asked.pii_number, region) or asked.pii_number.strip(), region)
    if len(caller.pii_number) < 3:
        raise ConfigError("--caller: expected a number, as in +4722334455")
    if not records_in_service.are_there(config):
        raise ConfigError(records_in_service.NONE_YET.format(config.node.state))
    async with records_in_service.opened(config) as records:
        async with trails.opened(config) as trail:
            known = pseudonyms(await PseudonymKeys(trail.client, config.node.tenant).known(), caller.pii_number)
            whom = Whom(caller.pii_number[-_END:], caller.same, known)
            found = await _in_records(config, records, whom, asked)
            told = [*_of_records(found, asked)]
            told += await _in_stream(trail, caller, known, asked)
            told += await _promised(config, trail, caller, asked)
        told += _voicemail(config, caller, found)
    return [*told, *_out_of_reach(config)]


async def _in_records(config: Config, records: Records, whom: Whom, asked: Erasure) -> Found:
    tenant = config.node.tenant
    found = await records.found(tenant, whom)
    deed = "look for a caller" if asked.only_look else "erase"
    at_ms = time.time_ns() // 1_000_000
    await records.note(tenant, Access(at_ms, asked.who, deed, f"{len(found.contacts)} contacts", asked.why))
    if not asked.only_look:
        await records.erase(tenant, found.contacts)
    return found


def _of_records(found: Found, asked: Erasure) -> Iterator[str]:
    done = "would lose" if asked.only_look else "have lost"
    yield f"call records: {len(found.contacts)} {done} number, pseudonym and message; their figures stay"
    if found.in_progress:
        yield f"call records: {found.in_progress} contacts are in progress; erase again when they are over"
    if found.figures:
        yield f"figures in the making: {found.figures} know the pseudonym, for half a day at most"


async def _in_stream(trail: Trail, caller: Caller, known: frozenset[str], asked: Erasure) -> list[str]:
    def theirs(event: ContactStarted) -> bool:
        return event.pseudonym in known or caller.same(event.pii_caller)

    found, gone = await trail.forget(theirs, only_look=asked.only_look)
    told = [f"stream of events: {found} contacts began with this caller, {gone} of these events are deleted"]
    if found > gone and not asked.only_look:
        told.append("stream of events: the rest is not written down yet; erase again in a minute")
    return told


async def _promised(config: Config, trail: Trail, caller: Caller, asked: Erasure) -> list[str]:
    tenant = config.node.tenant
    known = await callers(trail.client, tenant)
    distributor = RedisDistributor(trail.client, tenant, NodeId("records"))
    try:
        kept = await distributor.standing(known.identities.of_number(caller.pii_number))
    except DistributorError as error:
        return [f"callbacks: what is promised could not be read: {error}"]
    if kept is None:
        return ["callbacks: nothing is promised to this number"]
    if asked.only_look:
        return [f"callbacks: {kept.callback} in {kept.queue} is promised"]
    cancelled = await distributor.cancel_callback(kept.callback)
    became = "cancelled" if cancelled else "under way, and ends by itself"
    return [f"callbacks: {kept.callback} in {kept.queue} is {became}"]


def _voicemail(config: Config, caller: Caller, found: Found) -> Iterator[str]:
    """They are named and stay: somebody may have to answer them."""
    folder = mailboxes.folder(config)
    theirs = [
        message
        for box in config.mailbox
        for message in mailbox_folder.messages(folder, box.name)
        if caller.same(message.about.pii_caller) or f"{message.mailbox}/{message.message}" in found.recordings
    ]
    for message in theirs:
        yield f"voicemail: svar voicemail delete {message.mailbox} {message.message} deletes this caller's message"
    here = {f"{message.mailbox}/{message.message}" for message in theirs}
    for name in found.recordings:
        if name not in here:
            yield f"voicemail: {name} was left too, and is not on this machine (any more)"


def _out_of_reach(config: Config) -> Iterator[str]:
    yield "out of reach: backups, files that were exported, and logs elsewhere (numbers in logs are masked)"
    yield "out of reach: SIP messages in the memory of nodes; those of later calls take their place"
    yield "out of reach: places kept for who was cut off, and counts of calls to a number: hashes, for a day at most"
    if not config.records.url:
        yield "out of reach: the records of other nodes; each has a file of its own, so run this on each"
    if any(True for _ in config.mailbox):
        yield "out of reach: voicemail on other nodes; run this on each"
