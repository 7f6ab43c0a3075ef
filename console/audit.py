"""Who came and went, as events."""

from collections.abc import Callable
from dataclasses import dataclass

from events.catalogue import ConsoleLogin, ConsoleLoginRefused, ConsoleLogout, ConsolePasswordChanged, Event


@dataclass(frozen=True, slots=True)
class Audit:
    """Writes them into the stream."""

    emit: Callable[[Event], None]
    now_ms: Callable[[], int]
    tenant: str
    node: str

    def login(self, user: str, role: str, address: str) -> None:
        at = self.now_ms()
        self.emit(ConsoleLogin(at_ms=at, tenant=self.tenant, node=self.node, user=user, role=role, address=address))

    def refused(self, user: str, cause: str, address: str) -> None:
        at = self.now_ms()
        self.emit(
            ConsoleLoginRefused(at_ms=at, tenant=self.tenant, node=self.node, user=user, cause=cause, address=address)
        )

    def logout(self, user: str, *, everywhere: bool) -> None:
        at = self.now_ms()
        self.emit(ConsoleLogout(at_ms=at, tenant=self.tenant, node=self.node, user=user, everywhere=everywhere))

    def password(self, user: str) -> None:
        at = self.now_ms()
        self.emit(ConsolePasswordChanged(at_ms=at, tenant=self.tenant, node=self.node, user=user))
