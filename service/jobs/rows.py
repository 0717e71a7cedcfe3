"""Between the rows of the database and jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete

from trackspeak.service.database.tables import JobEventRow, JobRow

from .job import Job, JobError, JobRequest, Progress, State

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def job_of(row: JobRow) -> Job:
    """Read a row."""
    return Job(
        id=row.id,
        number=row.number,
        state=cast(State, row.state),
        key_id=row.key_id,
        request=JobRequest.from_json(row.request),
        video_file=row.video_file,
        waited=row.waited,
        created_s=row.created_s,
        started_s=row.started_s,
        ended_s=row.ended_s,
        expires_s=row.expires_s,
        expired=row.expired,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        progress=None if row.progress is None else Progress(**json.loads(row.progress)),
        error=None if row.error is None else JobError(**json.loads(row.error)),
    )


def set_state(session: Session, row: JobRow, state: State, now_s: float, error: JobError | None = None) -> None:
    """Change a job's state, and tell those who watch it."""
    row.state = state
    row.claim = row.lease_until_s = None
    if state == "queued":
        row.progress = None
    row.error = None if error is None else json.dumps(asdict(error), ensure_ascii=False)
    if state in ("succeeded", "failed", "cancelled"):
        row.ended_s = now_s
    data: dict[str, Any] = {"state": state, "attempts": row.attempts}
    if error is not None:
        data["error"] = asdict(error)
    add_event(session, row.id, "state", data)


def add_event(session: Session, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Tell those who watch a job; of all kinds but states the newest alone is kept."""
    event = JobEventRow(job_id=job_id, kind=kind, data=json.dumps(data, ensure_ascii=False))
    session.add(event)
    if kind != "state":
        session.flush()  # the older ones go after the newer is there, so that numbers only count up
        older = (JobEventRow.job_id == job_id, JobEventRow.kind == kind, JobEventRow.number < event.number)
        session.execute(delete(JobEventRow).where(*older))
