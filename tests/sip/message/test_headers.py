"""The multi-map of header fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.message.headers import Headers, canonical, check_value


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("v", "Via"),
        ("I", "Call-ID"),
        ("call-id", "Call-ID"),
        ("CSEQ", "CSeq"),
        ("MaX-fOrWaRdS", "Max-Forwards"),
        ("TO ", "To"),
        ("www-authenticate", "WWW-Authenticate"),
        ("x-my-own", "X-My-Own"),
        ("x", "Session-Expires"),
        ("!odd%", "!odd%"),
    ],
)
def test_name_has_one_spelling(name: str, spelling: str) -> None:
    assert canonical(name) == spelling
    assert canonical(spelling) == spelling


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "é", "a\r\nb", " a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        Headers().set(name, "x")


def test_lines_of_one_name_keep_their_order() -> None:
    headers = Headers([("Via", "1"), ("To", "x"), ("v", "2")])
    headers.add_first("VIA", "0")
    headers.add("Route", "r")
    assert list(headers.items()) == [("Via", "0"), ("Via", "1"), ("Via", "2"), ("To", "x"), ("Route", "r")]
    assert (headers.get("via"), headers.get_all("v"), headers.get("none"), headers.get_all("none")) == (
        "0",
        ["0", "1", "2"],
        None,
        [],
    )
    assert ("V" in headers, "Via" in headers, "From" in headers, len(headers)) == (True, True, False, 5)


def test_lines_are_set_added_to_and_removed() -> None:
    headers = Headers([("To", "a"), ("To", "b")])
    headers.set("t", "c")
    headers.append_to("to", ";tag=1")
    assert headers.get_all("To") == ["c;tag=1"]
    headers.remove("T")
    headers.remove("T")
    assert "To" not in headers
    headers.set_all("Route", ["a", "b"])
    assert headers.get_all("Route") == ["a", "b"]


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\r", "a\0", "\ud800"])
def test_value_that_would_break_out_of_its_line_is_refused(value: str) -> None:
    headers = Headers([("X-A", "1")])
    for write in (headers.set, headers.add, headers.add_first, headers.append_to):
        with pytest.raises(ValueError):
            write("X-A", value)
    assert headers.get_all("X-A") == ["1"]
    assert check_value("Ås") == "Ås"


def test_typed_value_is_kept_until_the_lines_change() -> None:
    headers = Headers([("X-A", "1")])
    reads: list[list[str]] = []

    def read(lines: list[str]) -> int:
        reads.append(lines)
        return len(reads)

    assert [headers.typed("X-A", read), headers.typed("X-A", read)] == [1, 1]
    for number, change in enumerate((headers.set, headers.add, headers.add_first, headers.append_to), 2):
        change("x-a", "2")
        assert headers.typed("X-A", read) == number
    headers.copy_from(Headers([("X-A", "9")]), ("X-A", "X-B"))
    assert (headers.typed("X-A", read), headers.get("X-A")) == (6, "9")
    headers.remove("X-A")
    assert headers.typed("X-A", read) == 7
    assert reads[-1] == []


def test_copy_is_equal_and_separate() -> None:
    headers = Headers([("X-A", "1"), ("X-B", "2")])
    copied = headers.copy()
    assert copied == headers
    copied.add("X-A", "3")
    assert copied != headers
    assert headers.get_all("X-A") == ["1"]
    assert headers != "text"
    assert repr(headers) == "Headers([('X-A', '1'), ('X-B', '2')])"


@given(st.lists(st.tuples(st.sampled_from(["Via", "v", "To", "X-A", "x-a"]), st.text("abc", max_size=3))))
def test_nothing_is_lost_between_writing_and_reading(items: list[tuple[str, str]]) -> None:
    headers = Headers(items)
    assert sorted(headers.items()) == sorted((canonical(name), value) for name, value in items)
    assert len(headers) == len(items)
