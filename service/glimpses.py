"""Answers about a video that is still being watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trackspeak.models.errors import TrackspeakError
from trackspeak.plugins.contract import Phrases

from .asking import Asker, answer_described, describe
from .options import RunOptions
from .pipeline.answer import score_kind
from .pipeline.select import Selection
from .pipeline.watch import Rarely, Stopwatch
from .questions import Question, parse_question, sentences_of
from .result import Result
from .store.index_file import StoredIndex


class Meanwhile(Protocol):
    """One who asks while the video is watched."""

    def asked(self) -> Sequence[str]:
        """Give what came since this was called last."""

    def refuse(self, text: str, error: TrackspeakError) -> None:
        """Hear that one of them cannot be answered, and why."""


class Glimpses:
    """Answers by what was watched so far, now and then: ever more rarely, since each time takes longer.

    Args:
        asker: the plugins that answer.
        options: threshold, min_probability, top and protocol count.
        told: called with each answer; facts of the video are those of its header.
        meanwhile: asks more, which is answered at once; None: nobody does.
    """

    def __init__(
        self, asker: Asker, options: RunOptions, told: Callable[[Result], None], meanwhile: Meanwhile | None = None
    ) -> None:
        """Ask nothing yet."""
        self._asker, self._options, self._told, self._meanwhile = asker, options, told, meanwhile
        self._questions: tuple[Question, ...] = ()
        self._phrases: Phrases | None = None
        self._waiting: list[str] = []
        self._rarely = Rarely()

    def begin(self, questions: Sequence[Question], phrases: Phrases | None = None) -> None:
        """Say what is asked from the beginning.

        Args:
            questions: one or more.
            phrases: their sentences, where they are encoded already.

        Raises:
            OptionError: if min_probability is given and the scores are no probabilities.
            QueryError: if a sentence is too long for the matcher.
        """
        self._questions = tuple(questions)
        self._phrases = self._described(self._questions) if phrases is None else phrases

    def due(self) -> bool:
        """Whether its time has come, and there is something to answer."""
        is_time = self._rarely.due()
        if self._meanwhile is not None:
            self._waiting += self._meanwhile.asked()
        return bool(self._waiting) or (is_time and bool(self._questions))

    def show(self, so_far: StoredIndex) -> None:
        """Answer by what was watched so far; nobody else uses the plugins meanwhile."""
        result = self._answered_too(so_far)
        if result is None and self._phrases is not None:
            result = self._answered(so_far, self._questions, self._phrases)
        if result is not None:
            self._told(result)
        self._rarely.done()

    def _answered_too(self, so_far: StoredIndex) -> Result | None:
        """Take what was asked meanwhile, each by itself: what cannot be answered ends nothing else."""
        result = None
        for text in self._waiting:
            try:
                questions = (*self._questions, parse_question(text))
                phrases = self._described(questions)
                result = self._answered(so_far, questions, phrases)
            except TrackspeakError as error:
                if self._meanwhile is not None:
                    self._meanwhile.refuse(text, error)
            else:
                self._questions, self._phrases = questions, phrases
        self._waiting.clear()
        return result

    def _described(self, questions: Sequence[Question]) -> Phrases:
        phrases = describe(sentences_of(questions), self._asker.matcher, Stopwatch(counts=False))
        check_probability(self._asker, phrases, self._options)
        return phrases

    def _answered(self, so_far: StoredIndex, questions: Sequence[Question], phrases: Phrases) -> Result:
        return answer_described(so_far, questions, phrases, self._asker, self._options, Stopwatch(counts=False))


def check_probability(asker: Asker, phrases: Phrases, options: RunOptions) -> None:
    """Refuse a least probability of scores that are none.

    Raises:
        OptionError: saying so.
    """
    if options.min_probability is not None:
        kind = score_kind(asker.matcher, asker.calibrators, phrases)
        Selection(min_probability=options.min_probability).check_kind(kind)
