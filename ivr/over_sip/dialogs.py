"""How dialogs are named to those who are not in them (RFC 3891)."""

from sip.message.transfer import Replaces


def seen_there(replaces: Replaces) -> Replaces:
    """The same dialog as the peer would be told of it: the tags are the other way about."""
    return Replaces(replaces.call_id, replaces.from_tag, replaces.to_tag)
