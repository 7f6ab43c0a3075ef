"""What shows only when nodes and files are seen together, and what callers would suffer from."""
