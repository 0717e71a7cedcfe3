"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from trackspeak.plugins.contract import NearMiss, ReferredTrack, ReferredTracks, Requirements
from trackspeak.plugins.options import OptionInfo
from trackspeak.plugins.registry import PluginInfo

from .compare import TrackerRun
from .profiles import PluginChoice, Profile
from .settings import Settings, effective


def query_table(answer: ReferredTracks) -> Table | Text:
    """Show the tracks of one query, best first; says so where nothing matches."""
    title = Text(answer.query, style="bold")
    if not answer.tracks:
        return Text.assemble(title, ": nothing matches")
    table = Table(title=title, title_justify="left")
    for name in ("track", "class", "score", "frames", "seconds"):
        table.add_column(name, justify="left" if name == "class" else "right")
    for text, _ in answer.tracks[0].part_scores:
        table.add_column(Text(text), justify="right")
    for track in answer.tracks:
        frames, seconds = _spans(track)
        parts = [f"{score:.3f}" for _, score in track.part_scores]
        table.add_row(str(track.track_id), Text(track.class_name), f"{track.score:.3f}", frames, seconds, *parts)
    return table


def near_miss_table(missed: Sequence[NearMiss]) -> Table | Text:
    """Show the tracks that one query nearly refers to, best first: when they fit best, and what they fell short of."""
    if not missed:
        return Text("near misses: none")
    table = Table(title=Text("near misses:"), title_justify="left")
    for name in ("track", "class", "score", "frames", "seconds"):
        table.add_column(name, justify="left" if name == "class" else "right", no_wrap=name != "class")
    table.add_column("why")  # names the sentences of an expression that matter: columns of them would leave it no room
    for one in missed:
        frames = f"{one.best.first_frame}-{one.best.last_frame}"
        seconds = f"{one.best.first_time_s:.2f}-{one.best.last_time_s:.2f}"
        table.add_row(str(one.track_id), Text(one.class_name), f"{one.score:.3f}", frames, seconds, Text(one.why))
    return table


def comparison_table(runs: Sequence[TrackerRun]) -> Table:
    """Show what trackers made of one video, a row each."""
    embeds = any(run.milliseconds_per_frame("embed") for run in runs)
    table = Table()
    table.add_column("tracker", no_wrap=True)
    names = ["tracks", "length", "fragments", *(answer.query for answer in runs[0].result.queries), "ms a frame"]
    for name in [*names, *(["+ embedding"] if embeds else [])]:
        table.add_column(Text(name), justify="right")
    for run in runs:
        times = [run.milliseconds_per_frame("track"), *([run.milliseconds_per_frame("embed")] if embeds else [])]
        table.add_row(
            Text(run.tracker),
            str(run.tracks),
            f"{run.mean_length_frames:.1f}",
            str(run.fragments),
            *(str(len(answer.tracks)) for answer in run.result.queries),
            *(f"{time:.2f}" for time in times),
        )
    return table


def plugin_table(plugins: Iterable[PluginInfo]) -> Table:
    """Show every plugin: what it is, its options, what it needs, where it comes from, and why it is broken."""
    table = Table("plugin", "what it is", "options", "needs", "from", show_lines=True)
    for plugin in plugins:
        what = Text(plugin.summary) if plugin.error is None else Text(f"broken: {plugin.error}", style="red")
        options = Text("\n".join(_option(option) for option in plugin.options))
        needs = Text(_needs(plugin.kind, plugin.requirements))
        table.add_row(f"{plugin.kind}\n{plugin.name}", what, options, needs, plugin.distribution)
    return table


def profile_table(profiles: Iterable[Profile]) -> Table:
    """Show what each profile is good for and made of."""
    table = Table(
        "profile", "good for", "detector", "tracker", "postprocessors", "matcher", "calibrators", show_lines=True
    )
    for profile in profiles:
        plugins = [
            (profile.detector,),
            (profile.tracker,),
            profile.postprocessors,
            (profile.matcher,),
            profile.calibrators,
        ]
        table.add_row(Text(profile.name), Text(profile.summary), *(_names(choices) for choices in plugins))
    return table


def settings_table(settings: Settings) -> Table:
    """Show each setting: its variable and what it is, its value, and where that comes from."""
    table = Table(show_lines=True)
    table.add_column("setting", overflow="fold")
    table.add_column("value", overflow="fold")
    table.add_column("from")
    for one in effective(settings):
        setting = Text.assemble((one.variable, "bold"), "\n", one.description)
        table.add_row(setting, Text(one.value), one.source)
    return table


def _spans(track: ReferredTrack) -> tuple[str, str]:
    times_s = dict(zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True))
    frames = [f"{span.first_frame}-{span.last_frame}" for span in track.spans]
    seconds = [f"{times_s[span.first_frame]:.2f}-{times_s[span.last_frame]:.2f}" for span in track.spans]
    return "\n".join(frames), "\n".join(seconds)


def _option(option: OptionInfo) -> str:
    return f"{option.name}: {option.type}{', required' if option.required else f' = {option.default}'}"


def _needs(kind: str, requirements: Requirements | None) -> str:
    """Say what a plugin needs; what it reads is only said of trackers."""
    if requirements is None:
        return ""
    reads = [name for name in ("pixels", "detections", "embeddings") if getattr(requirements, name)]
    needs = reads if kind == "tracker" else []
    needs += ["a static camera"] if requirements.static_camera else []
    needs += requirements.packages
    return ", ".join(needs)


def _names(choices: Sequence[PluginChoice | None]) -> Text:
    return Text(", ".join(choice.name for choice in choices if choice is not None))
