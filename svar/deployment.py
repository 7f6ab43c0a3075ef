"""What a configuration gives flows to name."""

from ivr.checks.flows import Deployment
from svar import endpoint
from svar.config import Config


def names(config: Config) -> Deployment:
    """The names that flows may use, by kind."""
    return {
        "queue": [queue.name for queue in config.queue],
        "destination": [place.name for place in config.destination],
        "lookup": [service.name for service in config.lookup],
        "sms": ["sms"] if config.sms.url else [],
        "agent": list(endpoint.agents(config)),
        "notice": [service.name for service in config.notice],
        "mailbox": [mailbox.name for mailbox in config.mailbox],
    }
