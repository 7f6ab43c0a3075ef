"""Where call records are kept, and for how long."""

from dataclasses import dataclass

from svar.config.fields import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Where call records are kept, and for how long (docs/records.md)."""

    url: str = setting(
        "postgresql://USER@HOST:PORT/DATABASE, one for all nodes; empty: records.sqlite in the state folder", ""
    )
    password_file: str = setting("file with the password of its user, relative to this file", "")
    password_env: str = setting("environment variable with the password, in place of a file", "")
    ca: str = setting("authorities that vouch for the database (PEM): only over TLS then; empty: as the URL says", "")
    keep_days: int = setting("days after which records, decisions and the log of accesses are deleted; 0: never", 400)
    pseudonym_days: int = setting(
        "days for which a caller who rings again has the same pseudonym in the records; 0: none has one", 7
    )
