import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtp.engine import LegId, Supervision
from rtp.talks import MOST_PARTIES, MOST_SUPERVISORS, Circle, Talks

LISTEN, WHISPER, BARGE = Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE


def ids(names: str) -> tuple[LegId, ...]:
    return tuple(LegId(name) for name in names)


A, B, C, D, S, T = ids("abcdst")


def plain(circles: list[Circle]) -> list[dict[str, str]]:
    """Who hears whom in letters, those heard in their order."""
    return [{leg: "".join(sorted(heard)) for leg, heard in circle.items()} for circle in circles]


def test_all_of_a_conference_hear_all_others() -> None:
    assert plain(Talks().bring_together(ids("abc"))) == [{"a": "bc", "b": "ac", "c": "ab"}]


def test_bringing_the_same_together_again_changes_nothing() -> None:
    talks = Talks()
    talks.bring_together(ids("abc"))
    assert talks.bring_together(ids("cba")) == []


def test_a_leg_that_joins_others_leaves_the_one_it_talked_with() -> None:
    talks = Talks()
    talks.bring_together(ids("ab"))
    assert plain(talks.bring_together(ids("acd"))) == [{"a": "cd", "c": "ad", "d": "ac"}, {"b": ""}]


def test_two_that_are_left_go_on_and_one_alone_is_free() -> None:
    talks = Talks()
    talks.bring_together(ids("abc"))
    assert plain(talks.part(B)) == [{"b": ""}, {"a": "c", "c": "a"}]
    assert plain(talks.forget(A)) == [{"c": ""}]
    assert plain(talks.part(C)) == [{"c": ""}]


@pytest.mark.parametrize("legs", [(), ids("a"), ids("aa"), ids("aba"), ids("abcdefghijklmnopq")])
def test_a_talk_of_too_few_too_many_or_the_same_is_refused(legs: tuple[LegId, ...]) -> None:
    assert not 2 <= len(set(legs)) <= MOST_PARTIES or len(set(legs)) < len(legs)
    with pytest.raises(ValueError, match="2 to 16"):
        Talks().bring_together(legs)


@pytest.mark.parametrize(
    ("mode", "agent", "caller"), [(LISTEN, "c", "a"), (WHISPER, "cs", "a"), (BARGE, "cs", "as")], ids=str
)
def test_a_supervisor_hears_all_and_is_heard_as_the_mode_says(mode: Supervision, agent: str, caller: str) -> None:
    talks = Talks()
    talks.bring_together((A, C))
    for _ in range(2):
        assert plain(talks.supervise(S, A, mode)) == [{"a": agent, "c": caller, "s": "ac"}]
    assert plain(talks.part(S)) == [{"s": ""}, {"a": "c", "c": "a"}]


def test_an_agent_without_a_caller_can_be_supervised_and_the_supervisor_goes_along() -> None:
    talks = Talks()
    assert plain(talks.supervise(S, A, WHISPER)) == [{"s": "a", "a": "s"}] or talks.circle(S) == {A: (S,), S: (A,)}
    assert plain(talks.bring_together((A, C))) == [{"a": "cs", "c": "a", "s": "ac"}]
    assert plain(talks.forget(C)) == [{"a": "s", "s": "a"}]
    assert plain(talks.bring_together((A, D))) == [{"a": "ds", "d": "a", "s": "ad"}]
    assert plain(talks.forget(A)) == [{"d": ""}, {"s": ""}]


def test_two_supervisors_hear_each_other_only_when_they_barge() -> None:
    talks = Talks()
    talks.bring_together((A, C))
    talks.supervise(S, A, BARGE)
    assert plain(talks.supervise(T, C, WHISPER)) == [{"a": "cs", "c": "ast", "s": "ac", "t": "acs"}]


def test_a_supervisor_who_is_bridged_or_closed_supervises_no_longer() -> None:
    talks = Talks()
    talks.bring_together((A, C))
    talks.supervise(S, A, BARGE)
    assert plain(talks.bring_together((S, D))) == [{"s": "d", "d": "s"}, {"a": "c", "c": "a"}]
    talks.supervise(S, A, BARGE)
    assert plain(talks.forget(S)) == [{"a": "c", "c": "a"}]


def test_who_begins_to_supervise_leaves_the_talk_and_their_own_supervisor() -> None:
    talks = Talks()
    talks.bring_together((A, B))
    talks.supervise(S, A, LISTEN)
    circles = plain(talks.supervise(A, C, LISTEN))
    assert {"s": ""} in circles
    assert {"b": ""} in circles
    assert {"c": "", "a": "c"} in circles
    talks.supervise(S, C, LISTEN)
    assert plain(talks.supervise(S, D, LISTEN)) == [{"d": "", "s": "d"}, {"c": "", "a": "c"}]


def test_a_supervisor_cannot_be_supervised_nor_supervise_itself() -> None:
    talks = Talks()
    talks.supervise(S, A, LISTEN)
    for target in (S, T):
        with pytest.raises(ValueError, match=f"leg {S} cannot|leg {T} cannot"):
            talks.supervise(T, target, LISTEN)


def test_supervisors_of_one_leg_are_bounded() -> None:
    talks = Talks()
    for number in range(MOST_SUPERVISORS):
        talks.supervise(LegId(f"s{number}"), A, LISTEN)
    with pytest.raises(ValueError, match="has 4 supervisors"):
        talks.supervise(T, A, LISTEN)
    talks.supervise(LegId("s0"), A, BARGE)


Commands = st.one_of(
    st.tuples(st.just("together"), st.lists(st.sampled_from(ids("abcdst")), min_size=2, max_size=4, unique=True)),
    st.tuples(st.sampled_from(list(Supervision)), st.lists(st.sampled_from(ids("abcdst")), min_size=2, max_size=2)),
    st.tuples(st.sampled_from(["part", "forget"]), st.lists(st.sampled_from(ids("abcdst")), min_size=1, max_size=1)),
)


@settings(max_examples=200)
@given(st.lists(Commands, max_size=12))
def test_told_changes_are_all_changes_and_circles_are_closed(commands: list[tuple[str, list[LegId]]]) -> None:
    talks = Talks()
    told: dict[LegId, set[LegId]] = {leg: set() for leg in ids("abcdst")}
    for command, legs in commands:
        try:
            if command == "together":
                circles = talks.bring_together(tuple(legs))
            elif isinstance(command, Supervision):
                circles = talks.supervise(legs[0], legs[1], command)
            else:
                circles = talks.part(legs[0]) if command == "part" else talks.forget(legs[0])
        except ValueError:
            continue
        if command == "forget":
            told[legs[0]] = set()
        for circle in circles:
            for leg, heard in circle.items():
                assert leg not in heard
                assert set(heard) <= set(circle)
                told[leg] = set(heard)
        assert told == {leg: set(talks.circle(leg)[leg]) for leg in told}
