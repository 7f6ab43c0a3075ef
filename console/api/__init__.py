"""The REST API: one table of routes, one table of deeds, which MQTT has too."""
