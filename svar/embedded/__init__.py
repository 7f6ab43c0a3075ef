"""What svar brings along for a first run: a Redis and an MQTT broker of its own, as children that end with it."""
