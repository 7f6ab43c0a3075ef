"""Call records exactly once, in SQLite or PostgreSQL: `Records`, and a room for each thing that is done with them."""

from metrics.records.accesses import Access
from metrics.records.database import RecordsError
from metrics.records.store import Records

__all__ = ["Access", "Records", "RecordsError"]
