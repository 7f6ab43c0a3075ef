"""What may be chosen at the top of a page, and how queries hold to it."""

from svar.dashboards.panels import Variable

TENANT = Variable("tenant", "Virksomhet · Tenant", "svar_contacts_in_progress")
QUEUE = Variable("queue", "Tjeneste · Service", "svar_queue_waiting")
SITE = Variable("site", "Sted · Site", "svar_site_nodes")
FLOW = Variable("flow", "Flyt · Flow", "svar_contacts_started_total")
INSTANCE = Variable("instance", "Node", "svar_build_info")

T = 'tenant=~"$tenant"'
Q = f'{T}, queue=~"$queue"'
F = f'{T}, flow=~"$flow"'
PLACE = 'site=~"$site"'
S = f"{T}, {PLACE}"
N = 'instance=~"$instance"'
"""By what the figures are chosen: of a tenant, of queues, flows, sites, nodes."""


def queue_rate(name: str, by: str = "") -> str:
    """A second, of the chosen queues. Every node counts for all: the rate of each, the highest, their sum."""
    labels = f", {by}" if by else ""
    over = f" by ({by})" if by else ""
    inner = f"sum by (tenant, queue, instance{labels}) (rate({name}{{{Q}}}[$__rate_interval]))"
    return f"sum{over} (max by (tenant, queue{labels}) ({inner}))"


def increase(name: str, by: str, labels: str, over: str = "") -> str:
    """In the time that is shown, summed over all but the labels in `over`; `by` are all labels that it has."""
    kept = f" by ({over})" if over else ""
    return f"sum{kept} (max by (tenant, {by}) (increase({name}{{{labels}}}[$__range])))"
