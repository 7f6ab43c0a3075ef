"""Folds over the events, and where their figures go: records, Prometheus, MQTT, health."""
