"""A job knows the request that it came from, however long afterwards it is done, and by whomever."""

from dataclasses import replace
from pathlib import Path

from trackspeak.service.jobs.job import JobRequest
from trackspeak.service.jobs.shop import opened_shop
from trackspeak.service.settings import Settings
from trackspeak.service.telemetry.context import Ids, bound

ORIGIN = Ids("r1", None, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
REQUEST = JobRequest("index", "a" * 64, "a.mp4")


def test_it_is_kept_with_the_job(tmp_path: Path) -> None:
    with opened_shop(Settings(data=tmp_path)) as shop:
        with bound(request_id=ORIGIN.request_id, traceparent=ORIGIN.traceparent):
            shop.queue.submit(REQUEST, "k1")
        claim = shop.queue.claim()
        assert claim is not None
        assert claim.job.request == replace(REQUEST, origin=ORIGIN)


def test_the_same_wish_of_two_requests_is_one_job(tmp_path: Path) -> None:
    with opened_shop(Settings(data=tmp_path)) as shop:
        with bound(request_id="r1"):
            first, _ = shop.queue.submit(REQUEST, "k1")
        with bound(request_id="r2"):
            second, new = shop.queue.submit(REQUEST, "k1")
        assert (second.id, new) == (first.id, False)
        assert second.request.origin.request_id == "r1"
