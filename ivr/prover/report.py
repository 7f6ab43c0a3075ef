"""Proofs as text for people, and as data for programs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ivr.files.telling import Style, plain
from ivr.language.calendar import OSLO
from ivr.language.lengths import length_text
from ivr.language.ways import Reached
from ivr.prover.prove import Fault, FlowProof, Proof

_HEADS = ("flow", "moments", "states", "moves", "paths", "longest", "speech", "callers end in")


def table(proof: Proof) -> Iterator[str]:
    """One line a flow, under a head."""
    rows = [_HEADS, *(_row(flow) for flow in proof.flows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS) - 1)]
    for row in rows:
        first, *numbers = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        yield "  ".join([first, *numbers, row[-1]]).rstrip()


def _row(flow: FlowProof) -> tuple[str, ...]:
    return (
        flow.flow,
        str(flow.classes),
        f"{flow.states:,}",
        f"{flow.moves:,}",
        f"{flow.paths:,}" if flow.paths < 10**9 else f"{flow.paths:.1e}",
        length_text(float(round(flow.longest_s))),
        length_text(float(round(flow.most_speech_s))),
        ends(flow),
    )


def ends(flow: FlowProof) -> str:
    """`person 5, goodbye 8`: the ends by what callers have reached, nothing last."""
    named = [(reached, flow.ends[reached]) for reached in (*Reached, "nothing") if reached in flow.ends]
    return ", ".join(f"{reached} {count}" for reached, count in named)


def summary(proof: Proof, style: Style = plain) -> Iterator[str]:
    """What was looked at, and what came of it."""
    flows, bounds = proof.flows, proof.bounds
    states, moves = sum(flow.states for flow in flows), sum(flow.moves for flow in flows)
    took_s = sum(flow.took_s for flow in flows)
    yield (
        f"{_day(proof.horizon.from_ms)} to {_day(proof.horizon.until_ms)}: {states:,} states, {moves:,} moves, "
        f"{sum(flow.paths for flow in flows):,} paths in {took_s:.1f} s of processor time"
    )
    yield (
        f"bounds: {length_text(bounds.time_s)} outside queues, {length_text(bounds.speech_s)} of speech and "
        f"{bounds.texts} texts before there is a choice"
    )
    circles = sum(flow.circles for flow in flows)
    if circles:
        yield f"{circles} moves lead back by a key or after a talk; each round is counted once"
    if proof.unproven:
        yield f"not proven, since no number leads there: {', '.join(proof.unproven)}"
    if proof.holds:
        told = "proven: every caller ends in a person, a partner, a callback, a voicemail, a message or a goodbye"
        yield style(told, "good")
    else:
        count = len(proof.faults)
        yield style(f"not proven: {count} fault{'s' if count > 1 else ''}", "error")


def _day(at_ms: int) -> str:
    day = datetime.fromtimestamp(at_ms / 1000, OSLO)
    return f"{day.day} {day:%B %Y}"


def story(fault: Fault, style: Style = plain) -> Iterator[str]:
    """The fault, and how a caller gets there."""
    place = style(f"{fault.place}:", "place") + " " if fault.place else ""
    yield f"{place}{style(f'{fault.flow}.{fault.node}: {fault.message}', 'error')} {style(f'[{fault.kind}]', 'line')}"
    first, *lines = fault.story.lines()
    yield f"    {first}"
    for line in lines:
        yield style(f"    {line}", "line")
    if fault.also:
        yield f"    and so for {fault.also} other class{'es' if fault.also > 1 else ''} of callers"


def data(proof: Proof) -> dict[str, Any]:
    """All of it for JSON."""
    return {
        "holds": proof.holds,
        "from_ms": proof.horizon.from_ms,
        "until_ms": proof.horizon.until_ms,
        "bounds": {"time_s": proof.bounds.time_s, "speech_s": proof.bounds.speech_s, "texts": proof.bounds.texts},
        "flows": [_flow(flow) for flow in proof.flows],
        "faults": [_fault(fault) for fault in proof.faults],
        "unproven": list(proof.unproven),
    }


def _flow(flow: FlowProof) -> dict[str, Any]:
    return {
        "flow": flow.flow,
        "states": flow.states,
        "moves": flow.moves,
        "classes_of_moments": flow.classes,
        "boundaries": flow.boundaries,
        "paths": flow.paths,
        "circles": flow.circles,
        "longest_s": round(flow.longest_s, 1),
        "most_speech_s": round(flow.most_speech_s, 1),
        "ends": dict(flow.ends),
        "took_s": round(flow.took_s, 3),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "flow": fault.flow,
        "node": fault.node,
        "message": fault.message,
        "place": fault.place,
        "also": fault.also,
        "at_ms": fault.story.at_ms,
        "story": list(fault.story.lines()),
        "scenario": fault.scenario,
    }
