"""When a crisis ends by itself, as people write it and as it is told them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from acd.crises import CrisisError
from ivr.language.lengths import length_text, seconds_of
from svar.crises_shown import when


def end_ms(until: str, for_: str, now_ms: int, zone: ZoneInfo) -> int:
    """When it ends, by what was written (epoch). Raises CrisisError."""
    if bool(until) == bool(for_):
        raise CrisisError('say when it ends by itself: --for 4h, or --until "2026-11-24 15:00", or --until 15:00')
    end = now_ms + round(_seconds(for_) * 1000) if for_ else _moment_ms(until.strip(), now_ms, zone)
    if end <= now_ms:
        raise CrisisError(f"{when(end, zone)} is over; it is {when(now_ms, zone)}")
    return end


def _seconds(text: str) -> float:
    seconds = seconds_of(text.strip())
    if seconds is None:
        raise CrisisError(f"--for {text!r}: write 4h, 90m or 2d")
    return seconds


def _moment_ms(text: str, now_ms: int, zone: ZoneInfo) -> int:
    """A day and a time, or a time alone: that of today, or of tomorrow where it is over."""
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    except ValueError:
        try:
            hour = datetime.strptime(text, "%H:%M").replace(tzinfo=zone).time()
        except ValueError:
            raise CrisisError(f'--until {text!r}: write "2026-11-24 15:00", or 15:00') from None
        moment = datetime.combine(now.date(), hour, zone)
        if moment <= now:
            moment = datetime.combine(now.date() + timedelta(days=1), hour, zone)
    return round(moment.timestamp() * 1000)


def lasting(seconds: float) -> str:
    """A long time as people write it: 2d, 1d12h."""
    days, rest = divmod(round(seconds), 86_400)
    return f"{days}d{length_text(rest) if rest else ''}" if days else length_text(rest)


def left(until_ms: int, now_ms: int) -> str:
    """From now to the end, in whole minutes."""
    return lasting(max(60, (until_ms - now_ms + 30_000) // 60_000 * 60))
