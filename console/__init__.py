"""What people see in a browser, and what Prometheus and probes ask for."""
