"""The folders in which the results of jobs lie."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from trackspeak.models.errors import OutputError
from trackspeak.service.process_folder import process_folder
from trackspeak.service.videos.kept import harmless_suffix

_STAGES: Final = ".partial"


class ResultFolders:
    """The folder of each job below one.

    Args:
        folder: of all results; made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, job_id: str) -> Path:
        """Give the folder of a job's result, which is there if the job succeeded."""
        return self._folder / job_id

    @contextmanager
    def staged(self, job_id: str) -> Iterator[Path]:
        """Give a folder to be made for a job; it goes at the end unless it is kept, also if this process is killed.

        Raises:
            OutputError: if nothing can be written there.
        """
        try:
            with process_folder(self._folder / _STAGES) as stage:
                yield stage / job_id
        except OSError as error:
            raise OutputError(f"no result can be written to {self._folder}: {error.strerror or error}") from error

    def keep(self, staged: Path) -> None:
        """Move a whole result into its place, if it is not there yet; one that a lost worker left there goes.

        Raises:
            OutputError: if it cannot be moved.
        """
        target = self._folder / staged.name
        try:
            if not staged.exists() and target.exists():
                return
            if target.exists():
                target.rename(staged.with_suffix(".old"))
            staged.rename(target)
        except OSError as error:
            raise OutputError(f"the result could not be kept in {self._folder}: {error.strerror or error}") from error

    def remove(self, job_id: str) -> None:
        """Remove the result of a job, if it is there.

        Raises:
            OutputError: if it cannot be removed.
        """
        folder = self._folder / job_id
        try:
            with process_folder(self._folder / _STAGES) as stage, suppress(FileNotFoundError):
                folder.rename(stage / job_id)  # from here on nobody finds it
                shutil.rmtree(stage / job_id)
        except OSError as error:
            raise OutputError(f"the result of job {job_id} could not be removed: {error.strerror or error}") from error

    def ids(self) -> list[str]:
        """Give the ids of the jobs whose results are there."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.name != _STAGES and path.is_dir())


class JobVideos:
    """The videos that belong to a job alone, in a folder for each below one; they go with their job.

    Args:
        folder: of all; made when the first comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, video: Path, job_id: str) -> str:
        """Move a video into its place; gives its file's name.

        Raises:
            OutputError: if it cannot be moved.
        """
        name = f"video{harmless_suffix(video)}"
        target = self.path(job_id, name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(video, target)
        except OSError as error:
            raise OutputError(f"the video could not be kept in {self._folder}: {error.strerror or error}") from error
        return name

    def path(self, job_id: str, name: str) -> Path:
        """Give the path of a job's video by the name that `place` gave."""
        return self._folder / job_id / name

    def remove(self, job_id: str) -> None:
        """Remove the video of a job, if it is there.

        Raises:
            OutputError: if it cannot be removed.
        """
        try:
            with suppress(FileNotFoundError):
                shutil.rmtree(self._folder / job_id)
        except OSError as error:
            raise OutputError(f"the video of job {job_id} could not be removed: {error.strerror or error}") from error

    def ids(self, older_s: float) -> list[str]:
        """Give the ids of the jobs whose videos were placed at least so many seconds ago."""
        if not self._folder.is_dir():
            return []
        before_s = time.time() - older_s
        found = []
        for path in sorted(self._folder.iterdir()):
            with suppress(FileNotFoundError):
                if path.stat().st_ctime <= before_s:
                    found.append(path.name)
        return found
