"""Modules that say `VIRTUAL_TIME = True` run their coroutines on a loop whose clock jumps."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from ivr.simulator.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]] | None:
    module = getattr(item, "module", None)
    if getattr(module, "VIRTUAL_TIME", False):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}
