"""Versions of the flows as callers meet them: which of two a caller gets, and whether the new one is worse."""
