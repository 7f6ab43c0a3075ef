"""How many files and sockets this process may have open."""

import resource


def raise_limit() -> int:
    """Take what the system allows us (the hard limit of RLIMIT_NOFILE). Gives what we have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard
