"""The distributor: queues, agents, offers. `policy` is the specification, `store` the same atomically on Redis."""
