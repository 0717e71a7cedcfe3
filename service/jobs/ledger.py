"""Looking jobs up, and removing those whose time is over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, delete, select

from trackspeak.models.errors import NotFoundError
from trackspeak.service.database.engine import clear_log, reading, writing
from trackspeak.service.database.tables import JobEventRow, JobRow

from .job import ENDED, OPEN, Job, JobEvent, State
from .rows import job_of

TOMBSTONE_S: Final = 30 * 24 * 3600.0
"""How long it is told that a result was removed."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which jobs to list.

    Attributes:
        key_id: whose; None: of all.
        state: in this state; None: in any.
        video_id: of this video; None: of all.
        before: only those with a lower number, to go on after a page.
        most: at most so many, the newest first; None: all.
    """

    key_id: str | None = None
    state: State | None = None
    video_id: str | None = None
    before: int | None = None
    most: int | None = 50


class Ledger:
    """What there is of jobs. Every method raises OutputError if the database fails.

    Args:
        engine: of a database that is up to date.
        clock: gives Unix time.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def get(self, job_id: str, key_id: str | None = None) -> Job:
        """Give a job.

        Args:
            job_id: its whole id.
            key_id: whose it must be; None: anybody's.

        Raises:
            NotFoundError: if there is none, or it is somebody else's.
        """
        with reading(self._engine) as session:
            row = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
            if row is None or key_id not in (None, row.key_id):
                raise NotFoundError("job", job_id, None)
            return job_of(row)

    def find(self, chosen: Chosen) -> list[Job]:
        """List jobs, the newest first."""
        wanted = select(JobRow).order_by(JobRow.number.desc()).limit(chosen.most)
        if chosen.key_id is not None:
            wanted = wanted.where(JobRow.key_id == chosen.key_id)
        if chosen.state is not None:
            wanted = wanted.where(JobRow.state == chosen.state)
        if chosen.video_id is not None:
            wanted = wanted.where(JobRow.video_id == chosen.video_id)
        if chosen.before is not None:
            wanted = wanted.where(JobRow.number < chosen.before)
        with reading(self._engine) as session:
            return [job_of(row) for row in session.scalars(wanted)]

    def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """Give what happened to a job after an event of this number, in order."""
        mine = select(JobEventRow).where(JobEventRow.job_id == job_id, JobEventRow.number > after)
        with reading(self._engine) as session:
            rows = session.scalars(mine.order_by(JobEventRow.number))
            return [JobEvent(row.number, row.kind, json.loads(row.data)) for row in rows]

    def ahead(self, job: Job) -> int:
        """Give how many jobs were accepted before one and still wait; its turn may come sooner or later than that."""
        before = select(JobRow.id).where(JobRow.state == "queued", JobRow.number < job.number)
        with reading(self._engine) as session:
            return len(session.scalars(before).all())

    def open_of_video(self, video_id: str) -> bool:
        """Whether a job of a video is waiting or running."""
        mine = select(JobRow.id).where(JobRow.video_id == video_id, JobRow.state.in_(OPEN)).limit(1)
        with reading(self._engine) as session:
            return session.scalar(mine) is not None

    def overdue(self) -> list[str]:
        """Give the ids of those whose results are to be removed."""
        now_s = self._clock()
        late = select(JobRow.id).where(JobRow.state.in_(ENDED), JobRow.expires_s < now_s, ~JobRow.expired)
        with reading(self._engine) as session:
            return list(session.scalars(late))

    def bury(self, job_id: str) -> None:
        """Note that the result of a job was removed; its sentences go too, and what happened to it."""
        with writing(self._engine) as session:
            row = session.scalars(select(JobRow).where(JobRow.id == job_id).with_for_update()).one_or_none()
            if row is not None:
                request: dict[str, Any] = {**json.loads(row.request), "queries": [], "more": [], "options": {}}
                row.request = json.dumps(request)
                row.expired, row.fingerprint = True, ""
                session.execute(delete(JobEventRow).where(JobEventRow.job_id == job_id))

    def forget(self, job_ids: Sequence[str]) -> None:
        """Remove all that is told of jobs."""
        with writing(self._engine, durable=False) as session:
            session.execute(delete(JobRow).where(JobRow.id.in_(job_ids)))

    def forget_old(self) -> None:
        """Remove what is told of jobs that expired long ago."""
        long_ago_s = self._clock() - TOMBSTONE_S
        with writing(self._engine) as session:
            session.execute(delete(JobRow).where(JobRow.expired, JobRow.expires_s < long_ago_s))
        clear_log(self._engine)
