"""What can happen: the one catalogue of events, how they are written down, and where they go."""
