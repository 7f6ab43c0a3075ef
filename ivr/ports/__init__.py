"""What flows need of the world, as Protocols: a call, agents' phones, look-ups, text messages, mailboxes, callbacks."""
