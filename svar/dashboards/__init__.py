"""Grafana's dashboards as code. Only here is grafana-foundation-sdk imported, and only to write deploy/grafana."""
