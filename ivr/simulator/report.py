"""Results of scenarios as text for people."""

from collections.abc import Iterable, Sequence

from ivr.simulator.scenario import Result


def lines(results: Sequence[Result], *, stories: bool = False) -> Iterable[str]:
    """One line a failure, then one line in all. With `stories` also what each caller went through."""
    for result in results:
        if stories:
            yield f"{'ok  ' if not result.failures else 'FAIL'} {result.name}"
            yield from _story(result)
        yield from (str(failure) for failure in result.failures)
    failed = sum(bool(result.failures) for result in results)
    took_ms = sum(result.took_ms for result in results)
    yield f"{len(results)} scenarios, {failed} failed, {took_ms:.0f} ms"


def _story(result: Result) -> Iterable[str]:
    story = result.story
    if story is None:
        return
    yield f"       path     {' > '.join(story.run.trace)}"
    for heard in story.heard:
        yield f"       {heard.at_s:7.1f} s  {heard.text}"
    yield f"       {story.lasted_s:7.1f} s  {story.outcome} ({story.cause})"
