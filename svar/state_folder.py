"""The state folder is one node's alone: two would write the same records and events."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from svar.config import ConfigError


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make `folder`, for its owner alone, and hold it. Raises ConfigError when it cannot be had."""
    descriptor = _opened(folder)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another svar ({_holder(descriptor)}) uses the state folder {folder}; "
                "stop it, or set SVAR_STATE to another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(
            f"the state folder {folder} cannot be written: {error.strerror}; set SVAR_STATE to one that can"
        ) from None


def _holder(descriptor: int) -> str:
    with suppress(ValueError):
        return f"process {int(os.pread(descriptor, 20, 0))}"
    return "of unknown process"
