"""The configuration of an installation: one TOML file, overridden by a few environment variables."""

from svar.config.read import ConfigError, load
from svar.config.schema import (
    Agent,
    Config,
    Destination,
    Flows,
    Http,
    Limits,
    Media,
    Mqtt,
    Node,
    Queue,
    Redirects,
    Redis,
    Sip,
    Tls,
    Trunk,
    TrunkAccount,
    TrunkMedia,
)

__all__ = [
    "Agent",
    "Config",
    "ConfigError",
    "Destination",
    "Flows",
    "Http",
    "Limits",
    "Media",
    "Mqtt",
    "Node",
    "Queue",
    "Redirects",
    "Redis",
    "Sip",
    "Tls",
    "Trunk",
    "TrunkAccount",
    "TrunkMedia",
    "load",
]
