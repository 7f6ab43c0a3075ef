from hypothesis import given
from hypothesis import strategies as st

from acd.ranking import Ranking


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3))))
def test_members_stand_once_by_score_then_by_text(puts: list[tuple[str, int]]) -> None:
    ranking = Ranking()
    for member, score in puts:
        ranking.put(member, score)
    expected = sorted((score, member) for member, score in dict(puts).items())
    assert list(ranking) == expected
    assert ranking.head() == (expected[0] if expected else None)
    assert [ranking.rank(member) for _, member in expected] == list(range(len(ranking)))


def test_dropping_what_is_not_there_is_nothing() -> None:
    ranking = Ranking()
    ranking.put("a", 1)
    ranking.drop("b")
    ranking.drop("a")
    assert "a" not in ranking
    assert not ranking


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(-1, 6), st.integers(1, 4))
def test_a_look_goes_onwards_and_leaves_nobody_of_one_score_behind(scores: list[int], first: int, most: int) -> None:
    ranking, seen, begins = Ranking(), [], first
    for number, score in enumerate(scores):
        ranking.put(f"m{number:02}", score)
    while some := ranking.onwards(begins, most):
        seen += some
        begins = some[-1][0] + 1
    assert seen == [(score, member) for score, member in ranking if score >= first]
