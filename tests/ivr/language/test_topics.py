"""Topics: a tree of codes for each service; unknown codes get a suggestion, mistakes in files their line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.book import load_book
from ivr.checks.flows import check_folder
from ivr.checks.topics import MOST_LEVELS
from ivr.files.marked_yaml import read
from ivr.files.topics_file import TopicsFile
from ivr.files.validation import validated
from ivr.language.topics import TopicTree, UnknownTopic, topics_of
from svar.config import load
from svar.deployment import names
from tests.ivr.language.test_roster import FLOW

ROOT = Path(__file__).parents[3]
KNOWN = {"queue": ["pension", "desk"]}

TREE = """
topics: pension
title: {nb: Pensjon, en: Pension}
queues: [pension]
tree:
  - code: old_age
    key: 1
    title: {nb: Alderspensjon, en: Old-age pension}
    below:
      - {code: old_age_apply, key: 1, title: {nb: Søknad}}
      - {code: old_age_tax, title: {nb: Skatt}}
  - code: hidden
    title: {nb: Uten tast}
    below:
      - {code: below_hidden, key: 1, title: {nb: Under}}
  - {code: other, key: 9, title: {nb: Annet, en: Something else}}
"""


def tree(text: str = TREE) -> TopicTree:
    found = validated(TopicsFile, read("t.yaml", text))
    assert found is not None
    return found.made()


def test_a_code_of_the_tree_is_taken_at_every_level() -> None:
    topics = topics_of([tree()])
    for code in ("old_age", "old_age_apply", "other"):
        assert topics.checked("pension", code) == code


def test_an_unknown_code_is_refused_with_the_nearest() -> None:
    topics = topics_of([tree()])
    with pytest.raises(
        UnknownTopic, match="there is no topic 'old_age_aply' in 'pension'; did you mean 'old_age_apply'"
    ):
        topics.checked("pension", "old_age_aply")
    with pytest.raises(UnknownTopic, match="begins with old_age, hidden, other"):
        topics.checked("pension", "zzz")


def test_no_code_and_a_queue_without_a_tree_are_taken_as_they_are() -> None:
    topics = topics_of([tree()])
    assert topics.checked("pension", "") == ""
    assert topics.checked("elsewhere", "anything") == "anything"


@pytest.mark.parametrize(
    ("digits", "code"),
    [("1", "old_age"), ("11", "old_age_apply"), ("9", "other"), ("2", None), ("", None), ("12", None)],
)
def test_digits_say_the_way_down_the_tree(digits: str, code: str | None) -> None:
    found = tree().by_digits(digits)
    assert (found.code if found is not None else None) == code


def test_of_two_trees_for_a_queue_the_first_counts() -> None:
    second = tree(TREE.replace("topics: pension", "topics: second"))
    assert topics_of([tree(), second]).by_queue["pension"].name == "pension"


@given(st.text(max_size=60))
def test_any_text_is_a_code_of_the_tree_or_is_refused(code: str) -> None:
    known = {topic.code for topic in tree().all()}
    try:
        assert topics_of([tree()]).checked("pension", code) == code
        assert code in known or not code
    except UnknownTopic:
        assert code not in known


def told(tmp_path: Path, *texts: str) -> str:
    (tmp_path / "topics").mkdir()
    (tmp_path / "desk.yaml").write_text(FLOW)
    for index, text in enumerate(texts):
        (tmp_path / "topics" / f"{index}.yaml").write_text(text)
    return "\n".join(str(problem).replace(f"{tmp_path}/", "") for problem in check_folder(tmp_path, KNOWN))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("queues: [pension]", "queues: [pensjon]", "topics/0.yaml:4:10: there is no queue 'pensjon'; did you mean"),
        (
            "code: other",
            "code: old_age_tax",
            "topics/0.yaml:16:12: the topic 'old_age_tax' stands in this tree already",
        ),
        ("key: 9", "key: 1", "topics/0.yaml:16:24: key 1 is that of 'old_age'"),
        ("key: 9", "key: '#'", "the key of a topic is one of 0 to 9, not #"),
        ("code: other", "code: Other Things", "a name begins with a small letter"),
        ("key: 9", "kei: 9", "did you mean 'key'"),
    ],
)
def test_mistakes_are_told_at_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TREE
    assert said in told(tmp_path, TREE.replace(old, new, 1))


def test_a_tree_that_is_right_has_no_problems(tmp_path: Path) -> None:
    assert told(tmp_path, TREE) == ""


def test_a_queue_has_one_tree(tmp_path: Path) -> None:
    said = told(tmp_path, TREE, TREE.replace("topics: pension", "topics: second"))
    assert "topics/1.yaml:4:10: the queue 'pension' has its topics in 'pension' already" in said


def test_two_trees_of_one_name_are_told(tmp_path: Path) -> None:
    said = told(tmp_path, TREE, TREE.replace("[pension]", "[desk]"))
    assert "the topics 'pension' is in" in said


def test_a_tree_is_bounded_in_depth_and_number(tmp_path: Path) -> None:
    deep = "{code: c0, title: {nb: x}}"
    for level in range(1, MOST_LEVELS + 1):
        deep = f"{{code: c{level}, title: {{nb: x}}, below: [{deep}]}}"
    head = "topics: pension\ntitle: {nb: P}\nqueues: [pension]\ntree:\n"
    assert f"at most {MOST_LEVELS} levels" in told(tmp_path, f"{head}  - {deep}\n")


def test_a_tree_is_bounded_in_number(tmp_path: Path) -> None:
    head = "topics: pension\ntitle: {nb: P}\nqueues: [pension]\ntree:\n"
    rows = "".join(
        f"  - code: a{a}\n    title: {{nb: x}}\n    below:\n"
        + "".join(f"      - {{code: a{a}_{b}, title: {{nb: x}}}}\n" for b in range(50))
        for a in range(11)
    )
    assert "a tree has at most 500 topics" in told(tmp_path, head + rows)


def test_every_queue_of_the_example_has_a_tree_in_norwegian_and_english() -> None:
    known = names(load(ROOT / "deploy" / "example.toml", {}))
    topics = load_book(ROOT / "flows", known).topics
    assert set(topics.by_queue) == set(known["queue"])
    for found in topics.trees.values():
        assert all({"nb", "en"} <= topic.titles.keys() for topic in found.all())
        assert all(topic.digits for topic in found.all())
