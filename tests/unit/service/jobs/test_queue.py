"""The queue: accepted jobs are done once, in fair order, and end whatever happens to those who do them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from trackspeak.models.errors import BusyError, ConflictError, NotFoundError, QueryError, QuotaError
from trackspeak.service.jobs.claims import Claim
from trackspeak.service.jobs.job import Job, JobError, JobRequest, Progress
from trackspeak.service.jobs.ledger import Ledger
from trackspeak.service.jobs.queue import MOST_ATTEMPTS, Queue

Want = Callable[..., JobRequest]


def claimed(queue: Queue) -> Claim:
    claim = queue.claim()
    assert claim is not None
    return claim


def test_a_job_is_claimed_once_and_ends(queue: Queue, ledger: Ledger, request_for: Want, clock: Any) -> None:
    job, new = queue.submit(request_for(), "anna")
    assert (new, job.state, job.attempts, job.ended) == (True, "queued", 0, False)
    claim = claimed(queue)
    assert (claim.job.id, claim.job.state, claim.job.attempts, claim.job.request) == (
        job.id,
        "running",
        1,
        request_for(),
    )
    assert queue.claim() is None
    clock.now_s += 5
    assert queue.finish(claim)
    done = ledger.get(job.id)
    assert (done.state, done.created_s, done.started_s, done.ended_s, done.expires_s) == (
        "succeeded",
        1000,
        1000,
        1005,
        1065,
    )
    assert not queue.finish(claim)  # it is no longer his


def test_callers_take_turns(queue: Queue, request_for: Want, clock: Any) -> None:
    for number in range(4):
        queue.submit(request_for(f"a car {number}"), "anna")
    queue.submit(request_for("a van"), "bert")
    queue.submit(request_for("a bus"), "bert")
    turns = []
    while (claim := queue.claim()) is not None:
        clock.now_s += 1
        turns.append((claim.job.key_id, claim.job.request.queries[0]))
        queue.finish(claim)
    assert turns[:4] == [("anna", "a car 0"), ("bert", "a van"), ("anna", "a car 1"), ("bert", "a bus")]
    assert [key for key, _ in turns[4:]] == ["anna", "anna"]


def test_the_same_request_is_one_job_while_it_is_open(queue: Queue, request_for: Want) -> None:
    first, _ = queue.submit(request_for(), "anna")
    assert queue.submit(request_for(), "anna") == (first, False)
    other, new = queue.submit(request_for(), "bert")
    assert new
    waiting, new = queue.submit(request_for(), "anna", waited=True)
    assert new
    queue.finish(claimed(queue))
    again, new = queue.submit(request_for(), "anna")
    assert new
    assert len({first.id, other.id, waiting.id, again.id}) == 4


def test_the_queue_is_bounded(make_queue: Callable[..., Queue], request_for: Want) -> None:
    queue = make_queue(max_queued=2)
    for key in ("anna", "bert"):
        queue.submit(request_for(), key)
    with pytest.raises(BusyError, match="the queue is full: 2 jobs wait") as caught:
        queue.submit(request_for(), "carl")
    assert caught.value.retry_after_s > 0
    queue.claim()  # one that is being done no longer waits
    queue.submit(request_for(), "carl")


def test_one_caller_is_bounded(make_queue: Callable[..., Queue], request_for: Want) -> None:
    queue = make_queue(max_jobs_per_key=2)
    queue.submit(request_for("a"), "anna")
    queue.submit(request_for("b"), "anna")
    queue.claim()
    with pytest.raises(QuotaError, match="2 of yours are waiting or running, and one caller may have 2"):
        queue.submit(request_for("c"), "anna")
    queue.submit(request_for("c"), "anna", max_jobs=3)  # her key allows more
    queue.submit(request_for("c"), "bert")


def test_what_is_refused_leaves_nothing(make_queue: Callable[..., Queue], request_for: Want, ledger: Ledger) -> None:
    queue = make_queue(max_queued=1)
    queue.submit(request_for(), "anna")
    placed: list[str] = []

    def place(job_id: str) -> str:
        placed.append(job_id)
        return "video.mp4"

    with pytest.raises(BusyError):
        queue.submit(request_for(), "bert", place=place)
    assert placed == []
    from trackspeak.service.jobs.ledger import Chosen

    assert len(ledger.find(Chosen())) == 1


def test_a_job_whose_video_cannot_be_placed_is_none(queue: Queue, request_for: Want) -> None:
    def place(_job_id: str) -> str:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        queue.submit(request_for(), "anna", place=place)
    assert queue.claim() is None


def test_a_lost_job_is_done_again_and_fails_in_the_end(
    queue: Queue, ledger: Ledger, request_for: Want, clock: Any
) -> None:
    job, _ = queue.submit(request_for(), "anna")
    lost = claimed(queue)
    for attempt in range(2, MOST_ATTEMPTS + 1):
        clock.now_s += 11
        again = claimed(queue)
        assert (again.job.id, again.job.attempts) == (job.id, attempt)
        assert queue.hear(lost).order == "lost"
        assert not queue.finish(lost)
        lost = again
    clock.now_s += 11
    assert queue.claim() is None
    ended = ledger.get(job.id)
    assert ended.state == "failed"
    assert ended.error == JobError(
        "worker_died", "its worker was lost, 3 times in the middle of this job: it is not tried again"
    )


def test_a_word_in_time_keeps_a_job(queue: Queue, request_for: Want, clock: Any) -> None:
    queue.submit(request_for(), "anna")
    claim = claimed(queue)
    for _ in range(5):
        clock.now_s += 9
        assert queue.hear(claim).order == "go on"
        assert queue.claim() is None
    assert queue.finish(claim)


def test_more_is_asked_of_an_open_job(queue: Queue, request_for: Want) -> None:
    job, _ = queue.submit(request_for("a car"), "anna")
    asked = queue.ask_also(job.id, ["a bus", "a car"], most=3)
    assert (asked.request.queries, asked.request.more) == (("a car",), ("a bus",))
    claim = claimed(queue)
    assert claim.job.request == asked.request
    assert queue.hear(claim).more == ("a bus",)
    queue.ask_also(job.id, ["a van", "a van", "a bus"], most=3)
    assert queue.hear(claim).more == ("a bus", "a van")
    with pytest.raises(QueryError, match="at most 3 are answered at once, got 4"):
        queue.ask_also(job.id, ["a tram"], most=3)
    queue.give_back(claim)  # whoever does it next answers all of them
    assert claimed(queue).job.request.more == ("a bus", "a van")
    assert queue.submit(request_for("a car"), "anna") == (queue.ask_also(job.id, ["a car"], most=3), False)


def test_nothing_more_is_asked_of_a_job_that_has_ended(queue: Queue, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    queue.finish(claimed(queue))
    with pytest.raises(ConflictError, match="has succeeded"):
        queue.ask_also(job.id, ["a bus"], most=3)
    with pytest.raises(NotFoundError):
        queue.ask_also("0" * 32, ["a bus"], most=3)


def test_what_is_given_back_in_peace_does_not_count(queue: Queue, ledger: Ledger, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    for _ in range(MOST_ATTEMPTS + 2):
        queue.give_back(claimed(queue))
    assert (ledger.get(job.id).state, ledger.get(job.id).attempts) == ("queued", 0)
    for _ in range(MOST_ATTEMPTS):
        queue.give_back(claimed(queue), "it was killed")
    assert ledger.get(job.id).state == "failed"


def test_a_waiting_job_is_cancelled_at_once(queue: Queue, ledger: Ledger, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    assert queue.cancel(job.id)
    assert ledger.get(job.id).state == "cancelled"
    assert queue.claim() is None
    assert not queue.cancel(job.id)
    assert not queue.cancel("0" * 32)


def test_a_running_job_hears_that_it_is_cancelled(queue: Queue, ledger: Ledger, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    claim = claimed(queue)
    assert queue.cancel(job.id)
    assert ledger.get(job.id).state == "running"
    assert queue.hear(claim).order == "cancel"
    assert queue.finish(claim, cancelled=True)
    assert ledger.get(job.id).state == "cancelled"


def test_a_cancelled_job_whose_worker_died_is_not_done_again(
    queue: Queue, ledger: Ledger, request_for: Want, clock: Any
) -> None:
    job, _ = queue.submit(request_for(), "anna")
    claimed(queue)
    queue.cancel(job.id)
    clock.now_s += 11
    assert queue.claim() is None
    assert ledger.get(job.id).state == "cancelled"


def test_events_tell_what_happened_and_the_newest_progress(queue: Queue, ledger: Ledger, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    claim = claimed(queue)
    first = Progress("watch", 8, 100, 3.5)
    queue.hear(claim, first, {"frames_done": 8, "queries": []})
    seen = ledger.events(job.id)
    assert [event.kind for event in seen] == ["state", "state", "progress", "partial"]
    assert ledger.get(job.id).progress == first
    queue.hear(claim, Progress("watch", 16, 100, 3.1))
    queue.finish(claim, JobError("unreadable_video", "it is none"))
    later = ledger.events(job.id, seen[-1].number)
    assert [event.kind for event in later] == ["progress", "state"]
    assert later[0].data["frames_done"] == 16
    assert later[1].data == {
        "state": "failed",
        "attempts": 1,
        "error": {"code": "unreadable_video", "detail": "it is none"},
    }
    assert [event.kind for event in ledger.events(job.id)] == ["state", "state", "partial", "progress", "state"]


def test_numbers_of_events_only_count_up(queue: Queue, ledger: Ledger, request_for: Want) -> None:
    job, _ = queue.submit(request_for(), "anna")
    claim = claimed(queue)
    numbers = []
    for frames in range(1, 6):
        queue.hear(claim, Progress("watch", frames))
        numbers.append(ledger.events(job.id)[-1].number)
    assert numbers == sorted(set(numbers))


def test_counts(queue: Queue, request_for: Want) -> None:
    for text in ("a", "b", "c"):
        queue.submit(request_for(text), "anna")
    queue.finish(claimed(queue))
    queue.claim()
    assert queue.counts() == {"queued": 1, "running": 1, "succeeded": 1, "failed": 0, "cancelled": 0}


def test_many_who_claim_at_once_get_each_job_once(queue: Queue, request_for: Want) -> None:
    jobs = {queue.submit(request_for(str(number)), f"key{number % 3}")[0].id for number in range(24)}

    def work() -> list[Job]:
        done, idle = [], 0
        while idle < 3:
            claim = queue.claim()
            if claim is None:
                idle += 1
                continue
            done.append(claim.job)
            assert queue.finish(claim)
        return done

    with ThreadPoolExecutor(4) as pool:
        found = [job for future in [pool.submit(work) for _ in range(4)] for job in future.result()]
    assert sorted(job.id for job in found) == sorted(jobs)
