"""Ports for the tests' servers and phones: none is given to two runs side by side, none by the system in the meantime.

Each process holds blocks of its own, marked by listening on a block's first port, and gives a block's ports in turn.
Blocks lie below what the system gives by itself, and beside SIPp's media (6000 on) and the RTP of phones (10000 on).
"""

import os
import random
import socket

BLOCK = 100
RTP = range(61_000, 65_536)
BLOCKS = (*range(2_000, 6_000, BLOCK), *range(7_000, 10_000, BLOCK))


class _Blocks:
    """This process' ports in turn. After a fork the child takes blocks of its own."""

    def __init__(self) -> None:
        self._owner = 0
        self._marks: list[tuple[int, socket.socket]] = []
        self._end = 0
        self._left = 0

    def run(self, count: int) -> range:
        """The next `count` ports in a row, the first an even one; nobody else of the tests is given them."""
        assert 0 < count <= BLOCK - 2, f"{count} ports in a row; a block has {BLOCK}"
        if self._owner != os.getpid():
            self._owner, self._marks, self._left = os.getpid(), [], 0
        if count > self._left:
            self._next_block()
        first = self._end - self._left
        self._left -= count + count % 2
        return range(first, first + count)

    def _next_block(self) -> None:
        """Another one while this process has few, then the oldest again: what was on it has ended long ago."""
        if len(self._marks) >= 2:
            self._marks.append(self._marks.pop(0))
        else:
            self._marks.append(_marked())
        begins = self._marks[-1][0]
        self._end, self._left = begins + BLOCK, BLOCK - 2


def _marked() -> tuple[int, socket.socket]:
    for begins in random.sample(BLOCKS, len(BLOCKS)):
        mark = socket.socket()
        try:
            mark.bind(("127.0.0.1", begins))
            mark.listen()
        except OSError:
            mark.close()
            continue
        mark.set_inheritable(False)
        return begins, mark
    raise AssertionError(f"all {len(BLOCKS)} blocks of ports are held by other runs of the tests")


_blocks = _Blocks()


def free_ports(count: int, host: str = "127.0.0.1") -> int:
    """The first, an even one, of `count` ports in a row that nobody has, neither of UDP nor of TCP."""
    for _ in range(1_000):
        ports = _blocks.run(count)
        if all(is_free(port, host) for port in ports):
            return ports[0]
    raise AssertionError(f"no {count} free ports in a row on {host}")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has, neither of UDP nor of TCP, and that no other test is given."""
    return free_ports(1, host)


def free_range(pairs: int) -> int:
    """The first of as many pairs of ports as `pairs` says, an even one: RTP and RTCP (RFC 3550, section 11).

    Above what the system gives. Two may overlap: an engine goes on to the next pair where one is taken.
    """
    for _ in range(1_000):
        first = random.randrange(RTP.start, RTP.stop - 2 * pairs, 2)
        if all(is_free(port) for port in range(first, first + 2 * pairs)):
            return first
    raise AssertionError(f"no {pairs} free pairs of ports in a row")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody is bound to it, neither of UDP nor of TCP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
