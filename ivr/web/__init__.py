"""Other people's web services: look-ups and text messages, within bounds that a flow cannot loosen."""
