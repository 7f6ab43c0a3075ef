"""A caller that knows nothing of svar: it rings service numbers from outside and says what is heard (docs/probe.md)."""
