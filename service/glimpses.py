"""Answers about a video that is still being watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trackspeak.plugins.contract import Phrases

from .asking import Asker, answer_described, describe
from .options import RunOptions
from .pipeline.answer import score_kind
from .pipeline.select import Selection
from .pipeline.watch import Rarely, Stopwatch
from .questions import Question, sentences_of
from .result import Result
from .store.index_file import StoredIndex


class Glimpses:
    """Answers by what was watched so far, now and then: ever more rarely, since each time takes longer.

    Args:
        asker: the plugins that answer.
        options: threshold, min_probability, top and protocol count.
        told: called with each answer; facts of the video are those of its header.
    """

    def __init__(self, asker: Asker, options: RunOptions, told: Callable[[Result], None]) -> None:
        """Ask nothing yet."""
        self._asker, self._options, self._told = asker, options, told
        self._questions: tuple[Question, ...] = ()
        self._phrases: Phrases | None = None
        self._rarely = Rarely()

    def ask(self, questions: Sequence[Question], phrases: Phrases | None = None) -> None:
        """Answer these too, the next time.

        Args:
            questions: one or more.
            phrases: their sentences, and those of earlier ones, where they are encoded already.

        Raises:
            OptionError: if min_probability is given and the scores are no probabilities.
            QueryError: if a sentence is too long for the matcher. Nothing changes then.
        """
        asked = (*self._questions, *questions)
        if phrases is None:
            phrases = describe(sentences_of(asked), self._asker.matcher, Stopwatch(counts=False))
        check_probability(self._asker, phrases, self._options)
        self._questions, self._phrases = asked, phrases

    def hasten(self) -> None:
        """Have the next time come at once."""
        self._rarely.hasten()

    def due(self) -> bool:
        """Whether its time has come, and there is something to answer."""
        return bool(self._questions) and self._rarely.due()

    def show(self, so_far: StoredIndex) -> None:
        """Answer by what was watched so far."""
        if self._phrases is not None:
            watch = Stopwatch(counts=False)
            self._told(answer_described(so_far, self._questions, self._phrases, self._asker, self._options, watch))
        self._rarely.done()


def check_probability(asker: Asker, phrases: Phrases, options: RunOptions) -> None:
    """Refuse a least probability of scores that are none.

    Raises:
        OptionError: saying so.
    """
    if options.min_probability is not None:
        kind = score_kind(asker.matcher, asker.calibrators, phrases)
        Selection(min_probability=options.min_probability).check_kind(kind)
