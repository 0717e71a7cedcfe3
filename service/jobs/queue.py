"""The queue: jobs are accepted, claimed by one who does them, and ended; each step is one transaction."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, func, select, update

from trackspeak.models.errors import BusyError, ConflictError, NotFoundError, QueryError, QuotaError
from trackspeak.service.database.engine import reading, writing
from trackspeak.service.database.tables import JobRow
from trackspeak.service.telemetry.context import current

from .claims import Claim, Heard
from .job import OPEN, STATES, Job, JobError, JobRequest, Progress
from .rows import add_event, job_of, set_state

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_ATTEMPTS: Final = 3
"""A job that killed its worker so often has failed."""

_WAITED_S: Final = 600.0
"""How long a result is kept for a caller who waits for it: it goes as soon as he has it."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much may wait.

    Attributes:
        max_queued: jobs of all callers that wait.
        max_jobs_per_key: open jobs of one caller, waiting or running.
        keep_s: how long a result is kept.
        lease_s: how long a job is its claimer's without a word from him.
    """

    max_queued: int
    max_jobs_per_key: int
    keep_s: float
    lease_s: float


class Queue:
    """Accepts, hands out and ends jobs. Every method raises OutputError if the database fails.

    Args:
        engine: of a database that is up to date.
        limits: how much may wait.
        clock: gives Unix time.
    """

    def __init__(self, engine: Engine, limits: QueueLimits, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._limits = limits
        self._clock = clock

    def submit(
        self,
        request: JobRequest,
        key_id: str,
        *,
        waited: bool = False,
        max_jobs: int | None = None,
        place: Callable[[str], str] | None = None,
    ) -> tuple[Job, bool]:
        """Accept a job.

        Args:
            request: what it is to do; checked.
            key_id: whose it is.
            waited: whether the caller waits for it.
            max_jobs: open jobs that this caller may have, in place of the setting.
            place: puts the job's own video where it is found, given the job's id, and gives its file's name; called
                once the job has its place in the queue, before anybody can take it.

        Returns:
            The job, and whether it is a new one: the caller may have asked for the same before, and waits for it still.

        Raises:
            BusyError: if too many jobs wait.
            QuotaError: if the caller has too many.
        """
        with writing(self._engine) as session:
            if not waited and (same := self._same(session, request, key_id)) is not None:
                return job_of(same), False
            self._check_room(session, key_id, self._limits.max_jobs_per_key if max_jobs is None else max_jobs)
            row = JobRow(
                id=uuid.uuid4().hex,
                kind=request.kind,
                key_id=key_id,
                video_id=request.video_id,
                request=replace(request, origin=current()).to_json(),
                fingerprint=request.fingerprint,
                waited=waited,
                created_s=self._clock(),
                attempts=0,
                cancel_requested=False,
                expired=False,
                state="queued",
            )
            session.add(row)
            session.flush()
            set_state(session, row, "queued", self._clock())
            if place is not None:
                row.video_file = place(row.id)
            return job_of(row), True

    def _same(self, session: Session, request: JobRequest, key_id: str) -> JobRow | None:
        """Find an open job of the same caller that does the same."""
        alike = (JobRow.fingerprint == request.fingerprint, JobRow.key_id == key_id, JobRow.state.in_(OPEN))
        wanted = select(JobRow).where(*alike, ~JobRow.waited, ~JobRow.cancel_requested)
        return session.scalars(wanted.order_by(JobRow.number).limit(1)).first()

    def _check_room(self, session: Session, key_id: str, most: int) -> None:
        queued = select(func.count()).select_from(JobRow).where(JobRow.state == "queued")
        if (waiting := session.scalar(queued) or 0) >= self._limits.max_queued:
            raise BusyError(f"the queue is full: {waiting} jobs wait; try again later")
        own = select(func.count()).select_from(JobRow).where(JobRow.state.in_(OPEN), JobRow.key_id == key_id)
        if (has := session.scalar(own) or 0) >= most:
            raise QuotaError(f"jobs: {has} of yours are waiting or running, and one caller may have {most} at once")

    def claim(self) -> Claim | None:
        """Take the job whose turn it is; None where none waits.

        Callers take turns: next is the one whose last turn is longest ago, with the oldest of its jobs. Jobs whose
        claimers no longer say a word are given back first.
        """
        with writing(self._engine, durable=False) as session:
            now_s = self._clock()
            self._give_back_lost(session, now_s)
            turns = select(JobRow.key_id, func.max(JobRow.started_s).label("turn_s")).group_by(JobRow.key_id).subquery()
            waiting = (
                select(JobRow.id)
                .join(turns, JobRow.key_id == turns.c.key_id)
                .where(JobRow.state == "queued")
                .order_by(func.coalesce(turns.c.turn_s, 0.0), JobRow.number)
                .limit(1)
            )
            job_id = session.scalar(waiting)
            if job_id is None:
                return None
            word = uuid.uuid4().hex
            taken = {"state": "running", "claim": word, "started_s": now_s, "attempts": JobRow.attempts + 1}
            mine = update(JobRow).where(JobRow.id == job_id, JobRow.state == "queued")
            lease_until_s = now_s + self._limits.lease_s
            if session.execute(mine.values(**taken, lease_until_s=lease_until_s)).rowcount != 1:  # type: ignore[attr-defined]
                return None  # another was faster; the next call looks again
            row = session.scalars(select(JobRow).where(JobRow.id == job_id)).one()
            add_event(session, row.id, "state", {"state": "running", "attempts": row.attempts})
            return Claim(job_of(row), word)

    def _give_back_lost(self, session: Session, now_s: float) -> None:
        lost = select(JobRow).where(JobRow.state == "running", JobRow.lease_until_s < now_s)
        for row in session.scalars(lost.with_for_update(skip_locked=True)):
            self._requeue(session, row, "its worker was lost")

    def _requeue(self, session: Session, row: JobRow, why: str) -> None:
        """Let a job be done again, or end it where that is in vain."""
        now_s = self._clock()
        if row.cancel_requested:
            self._end(session, row, "cancelled", None)
        elif row.attempts >= MOST_ATTEMPTS:
            detail = f"{why}, {row.attempts} times in the middle of this job: it is not tried again"
            self._end(session, row, "failed", JobError("worker_died", detail))
        else:
            set_state(session, row, "queued", now_s)

    def hear(self, claim: Claim, progress: Progress | None = None, partial: Mapping[str, Any] | None = None) -> Heard:
        """Say that a job is being done, and how far it is.

        Args:
            claim: of the job.
            progress: if there is news.
            partial: what is found so far, if there is news.

        Returns:
            What to do, and what was asked since.
        """
        with writing(self._engine, durable=False) as session:
            row = self._claimed(session, claim)
            if row is None:
                return Heard("lost", ())
            row.lease_until_s = self._clock() + self._limits.lease_s
            if progress is not None:
                row.progress = json.dumps(progress.to_dict())
                add_event(session, row.id, "progress", progress.to_dict())
            if partial is not None:
                add_event(session, row.id, "partial", partial)
            return Heard("cancel" if row.cancel_requested else "go on", JobRequest.from_json(row.request).more)

    def ask_also(self, job_id: str, queries: Sequence[str], most: int) -> Job:
        """Have an open job answer more sentences, each once.

        Args:
            job_id: of the job.
            queries: checked.
            most: sentences that one job may have.

        Raises:
            NotFoundError: if there is no such job.
            ConflictError: if it has ended.
            QueryError: if it would have too many.
        """
        with writing(self._engine) as session:
            row = session.scalars(select(JobRow).where(JobRow.id == job_id).with_for_update()).one_or_none()
            if row is None:
                raise NotFoundError("job", job_id, None)
            if row.state not in OPEN:
                raise ConflictError(f"job {job_id} has {row.state}: ask the video itself")
            request = JobRequest.from_json(row.request)
            new = [text for text in dict.fromkeys(queries) if text not in (*request.queries, *request.more)]
            more = (*request.more, *new)
            if (count := len(request.queries) + len(more)) > most:
                raise QueryError(f"queries: at most {most} are answered at once, got {count} with those before")
            row.request = replace(request, more=more).to_json()
            return job_of(row)

    def finish(
        self,
        claim: Claim,
        error: JobError | None = None,
        *,
        cancelled: bool = False,
        before: Callable[[], None] | None = None,
    ) -> bool:
        """End a job.

        Args:
            claim: of the job.
            error: why it failed; None where it did not.
            cancelled: whether it was cancelled.
            before: puts the result in its place, if the job is still the claimer's, before anybody can ask for it.

        Returns:
            Whether it was still the claimer's; otherwise nothing changes.
        """
        with writing(self._engine) as session:
            row = self._claimed(session, claim)
            if row is None:
                return False
            if before is not None:
                before()
            self._end(session, row, "cancelled" if cancelled else "succeeded" if error is None else "failed", error)
            return True

    def give_back(self, claim: Claim, why: str | None = None) -> None:
        """Let somebody else do a job.

        Args:
            claim: of the job.
            why: what happened to the worker, which counts against the job; None where it is not the job's fault.
        """
        with writing(self._engine) as session:
            row = self._claimed(session, claim)
            if row is None:
                return
            if why is None:
                row.attempts -= 1
            self._requeue(session, row, why or "")

    def cancel(self, job_id: str) -> bool:
        """Cancel a job: at once where it waits, soon where it is being done. Gives whether it was still open."""
        with writing(self._engine) as session:
            row = session.scalars(select(JobRow).where(JobRow.id == job_id).with_for_update()).one_or_none()
            if row is None or row.state not in OPEN:
                return False
            row.cancel_requested = True
            if row.state == "queued":
                self._end(session, row, "cancelled", None)
            return True

    def counts(self) -> dict[str, int]:
        """Give the number of jobs in each state; those whose results were removed do not count."""
        with reading(self._engine) as session:
            rows = session.execute(select(JobRow.state, func.count()).where(~JobRow.expired).group_by(JobRow.state))
            found: dict[str, int] = {state: number for state, number in rows}  # noqa: C416 rows are no pairs to mypy
        return {state: found.get(state, 0) for state in STATES}

    def _claimed(self, session: Session, claim: Claim) -> JobRow | None:
        mine = select(JobRow).where(JobRow.id == claim.job.id, JobRow.claim == claim.word)
        return session.scalars(mine.with_for_update()).one_or_none()

    def _end(self, session: Session, row: JobRow, state: Any, error: JobError | None) -> None:
        now_s = self._clock()
        set_state(session, row, state, now_s, error)
        row.expires_s = now_s + (min(_WAITED_S, self._limits.keep_s) if row.waited else self._limits.keep_s)
