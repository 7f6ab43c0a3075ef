"""What a configuration gives flows to name."""

from acd.model import QueueSpec
from ivr.checks.flows import Deployment
from ivr.language.routing import RoutedAgent, RoutedQueue, Routing
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
        "skill": sorted({skill for agent in config.agent for skill in agent.skills}),
        "notice": [service.name for service in config.notice],
        "mailbox": [mailbox.name for mailbox in config.mailbox],
    }


def standing(config: Config) -> Routing:
    """The configuration's own queues and agents, beside which those of the flows' folder serve."""
    return Routing(
        queues={spec.queue: RoutedQueue(spec, title) for spec, title in _titled(config)},
        agents={spec.agent: RoutedAgent(spec) for spec in endpoint.agent_specs(config)},
    )


def _titled(config: Config) -> list[tuple[QueueSpec, str]]:
    titles = endpoint.titles(config)
    return [(spec, titles[spec.queue]) for spec in endpoint.queue_specs(config)]
