"""Sentences to answers from a stored index: nothing is decoded, and no picture is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trackspeak.models.errors import InputError, OptionError, WeightsError
from trackspeak.plugins.contract import Calibrator, Matcher, Phrases, Scores
from trackspeak.plugins.options import options_to_dict
from trackspeak.plugins.registry import create

from .assemble import Assembly
from .options import NONE, RunOptions
from .pipeline.answer import answer, calibrated, score_segments
from .pipeline.watch import Stopwatch, blaming
from .questions import Question, combine, parse_question, sentences_of
from .result import PluginUse, RawScores, Result
from .store.index_file import IndexFacts, StoredIndex

_OF_CALIBRATOR = "calibrator."


@dataclass(frozen=True, slots=True)
class Asker:
    """The plugins that answer, ready to work.

    Attributes:
        matcher: that of the index, with its weights.
        calibrators: in order.
        uses: kind -> name and options of each calibrator.
        weights: kind/file -> SHA-256 of every weight file of the calibrators.
    """

    matcher: Matcher
    calibrators: tuple[Calibrator, ...]
    uses: Mapping[str, PluginUse]
    weights: Mapping[str, str]


def asker_for(stored: IndexFacts, options: RunOptions, matcher: Matcher | None = None) -> Asker:
    """Make what answers from an index as a caller wants it.

    Args:
        stored: the index.
        options: those about the calibrator count.
        matcher: that of the index, where it is there already.

    Raises:
        OptionError: if options are of something else than a calibrator that is named.
        WeightsError: if the matcher's weights are not those that the index was made with; says what to do.
        TrackspeakError: what the registry's `create` raises.
    """
    for key in options.set:
        if not key.startswith(_OF_CALIBRATOR):
            raise OptionError(f"set: {key!r} must be of the calibrator, calibrator.KEY: an index is there already")
        if options.calibrator in (None, NONE):
            raise OptionError(f"set: {key!r} must come with the name of a calibrator")
    own = {key.removeprefix(_OF_CALIBRATOR): value for key, value in options.set.items()}
    return make_asker(stored, options.calibrator, own, matcher)


def make_asker(
    stored: IndexFacts,
    calibrator: str | None = None,
    options: Mapping[str, Any] | None = None,
    matcher: Matcher | None = None,
) -> Asker:
    """Make the matcher that an index was made with, and its calibrators or another one.

    Args:
        stored: the index.
        calibrator: the name of one in place of the index's; "none" for raw scores.
        options: of the calibrator that is named.
        matcher: that of the index, where it is there already.

    Raises:
        WeightsError: if the matcher's weights are not those that the index was made with; says what to do.
        TrackspeakError: what the registry's `create` raises.
    """
    use = stored.plugins["matcher"]
    if use is None:
        raise WeightsError(f"the index {stored.id} must name its matcher, got none: index the video again")
    if matcher is None:
        matcher = _matcher_of(stored, use)
    _check_weights(stored, use.name, matcher)
    chosen = {key: one for key, one in stored.plugins.items() if key.startswith("calibrator") and one is not None}
    if calibrator is not None:
        chosen = {} if calibrator == NONE else {"calibrator": PluginUse(calibrator, options or {})}
    calibrators: list[Calibrator] = []
    uses: dict[str, PluginUse] = {}
    weights: dict[str, str] = {}
    for key, one in chosen.items():
        made, settled = create("calibrator", one.name, one.options)
        calibrators.append(made)
        uses[key] = PluginUse(one.name, options_to_dict(settled))
        weights |= {f"{key}/{name}": digest for name, digest in made.weights.items()}
    return Asker(matcher, tuple(calibrators), uses, weights)


def _matcher_of(stored: IndexFacts, use: PluginUse) -> Matcher:
    """Make the matcher of an index; whoever asks cannot mend what is wrong with it."""
    try:
        made: Matcher = create("matcher", use.name, use.options)[0]
    except InputError as error:
        raise WeightsError(f"the matcher of the index {stored.id} cannot be made: {error}") from error
    return made


def _check_weights(stored: IndexFacts, name: str, matcher: Matcher) -> None:
    made_with = {key: digest for key, digest in stored.weights.items() if key.startswith("matcher/")}
    here = {f"matcher/{file}": digest for file, digest in matcher.weights.items()}
    if made_with != here:
        raise WeightsError(
            f"the index {stored.id} must be asked with the weights of {name!r} that made it, "
            f"{_listed(made_with)}, got {_listed(here)}: index the video again, or bring those weights back"
        )


def _listed(weights: Mapping[str, str]) -> str:
    return ", ".join(f"{name.partition('/')[2]} ({digest[:12]})" for name, digest in weights.items()) or "none"


def asker_of(assembly: Assembly) -> Asker:
    """Give the part of an assembly that answers."""
    uses = {key: use for key, use in assembly.uses.items() if key.startswith("calibrator") and use is not None}
    weights = {key: digest for key, digest in assembly.weights.items() if key.startswith("calibrator")}
    return Asker(assembly.steps.matcher, assembly.calibrators, uses, weights)


def ask(stored: StoredIndex, texts: Sequence[str], asker: Asker, options: RunOptions | None = None) -> Result:
    """Answer sentences about an indexed video.

    Args:
        stored: the index.
        texts: one or more questions, checked.
        asker: of `make_asker` for this index or another one of the same configuration.
        options: threshold, min_probability, top, near_misses, protocol and first_frame count.

    Raises:
        OptionError: if min_probability is given and the scores are no probabilities.
        PluginError: if a plugin fails.
        QueryError: if a sentence is too long for the matcher, or an expression is wrong.
    """
    watch = Stopwatch()
    questions = [parse_question(text) for text in texts]
    with watch.stage("total"):
        phrases = describe(sentences_of(questions), asker.matcher, watch)
        return answer_described(stored, questions, phrases, asker, options or RunOptions(), watch)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Questions and how well every segment of an index fits them.

    Attributes:
        index_id: of the index.
        questions: Q of them.
        scores: (S, Q), calibrated, those of expressions put together.
        texts: the P sentences of all questions.
        of_texts: (S, P), calibrated.
        warnings: what the matcher says of the sentences.
        timings_s: stage -> seconds.
    """

    index_id: str
    questions: tuple[Question, ...]
    scores: Scores
    texts: tuple[str, ...]
    of_texts: Scores
    warnings: tuple[str, ...]
    timings_s: Mapping[str, float]


def score(stored: StoredIndex, texts: Sequence[str], asker: Asker) -> Scored:
    """Score every segment of an indexed video for questions.

    Args:
        stored: the index.
        texts: one or more questions, checked.
        asker: of `make_asker` for this index or another one of the same configuration.

    Raises:
        PluginError: if a plugin fails.
        QueryError: if a sentence is too long for the matcher, or an expression is wrong.
    """
    watch = Stopwatch()
    questions = tuple(parse_question(text) for text in texts)
    with watch.stage("total"):
        phrases = describe(sentences_of(questions), asker.matcher, watch)
        with watch.stage("score"):
            raw = score_segments(stored.index, asker.matcher, phrases)
            found = calibrated(raw, asker.calibrators, phrases)
        put_together = combine(questions, phrases.texts, found)
    warnings = (*stored.index.warnings, *phrases.warnings)
    return Scored(stored.id, questions, put_together, tuple(phrases.texts), found, warnings, watch.seconds)


def describe(texts: Sequence[str], matcher: Matcher, watch: Stopwatch) -> Phrases:
    """Encode sentences.

    Raises:
        PluginError: if the matcher fails.
        QueryError: if a sentence is too long for it.
    """
    with watch.stage("describe"), blaming("matcher"):
        return matcher.describe(texts)


def answer_described(
    stored: StoredIndex,
    questions: Sequence[Question],
    phrases: Phrases,
    asker: Asker,
    options: RunOptions,
    watch: Stopwatch,
) -> Result:
    """Answer questions whose sentences are encoded; its times are those of `watch`.

    Raises:
        OptionError: if min_probability is given and the scores are no probabilities.
        PluginError: if a plugin fails.
    """
    selection = options.selection(stored.protocol)
    referred, scores, raw = answer(stored.index, questions, phrases, asker.matcher, asker.calibrators, selection, watch)
    seen = {key: use for key, use in stored.plugins.items() if not key.startswith("calibrator")}
    weights = {key: digest for key, digest in stored.weights.items() if not key.startswith("calibrator")}
    return Result(
        video=stored.video,
        profile=stored.profile,
        plugins={**seen, **asker.uses},
        weights={**weights, **asker.weights},
        score_kind=scores.kind,
        timings_s=watch.seconds,
        warnings=(*stored.index.warnings, *phrases.warnings),
        first_frame=stored.first_frame if options.first_frame is None else options.first_frame,
        queries=referred,
        trajectories=stored.index.trajectories,
        raw=RawScores(stored.index.segments, raw),
    )
