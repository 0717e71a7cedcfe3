"""The command line: what it prints where, what it writes, and its exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest

from trackspeak.service.cli import main
from trackspeak.service.schema import result_schema

Command = Callable[..., Any]
HEAVY = {"torch", "torchvision", "cv2", "ultralytics", "av", "supervision", "onnxruntime", "scipy", "numpy", "fastapi"}


def without_timings(text: str) -> dict[str, object]:
    return {key: value for key, value in json.loads(text).items() if key != "timings_s"}


def test_help_and_version_load_nothing_heavy() -> None:
    for arguments in (["--help"], ["run", "--help"], ["--version"]):
        code = (
            "import sys\nfrom trackspeak.service.cli import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert end.code == 0\n"
            "print('\\n'.join(sys.modules), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        loaded = set(done.stderr.split())
        assert "trackspeak.service.cli" in loaded
        assert loaded.intersection(HEAVY) == set()
        assert "trackspeak" in done.stdout


def test_a_run_prints_a_table_per_query_and_writes_everything(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    queries = ("--query", "the [red] car", "--query", "a zyzzyva")
    done = run(tiny_clip, *queries, "--threshold=-100", "--out", tmp_path / "out")
    assert done.code == 0
    tables = done.out.split("a zyzzyva")
    assert len(tables) == 2
    assert "the [red] car" in tables[0]
    assert "2-35" in tables[0]  # frames
    assert "0.17-2.92" in tables[0]  # seconds
    assert "never trained on 'zyzzyva'" in done.err
    assert f"files written to {tmp_path / 'out'}" in done.err
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    folders = {"the-_red_-car/predict.txt", "a-zyzzyva/predict.txt"}
    assert names == {"result.json", "tracks.jsonl", "tracks.txt", "annotated.mp4"} | folders


def test_json_is_the_file_and_nothing_else(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    arguments = (tiny_clip, "--query", "das weiße Auto 🚗", "--threshold=-100", "--json", "--no-video")
    done = run(*arguments, "--out", tmp_path)
    assert done.code == 0
    assert done.out == (tmp_path / "result.json").read_text(encoding="utf-8")
    assert not (tmp_path / "annotated.mp4").exists()
    jsonschema.validate(json.loads(done.out), result_schema())
    again = run(*arguments)
    assert without_timings(again.out) == without_timings(done.out)


def test_no_match_is_an_answer(run: Command, tiny_clip: Path) -> None:
    done = run(tiny_clip, "-q", "the red car", "--threshold", "2")
    assert (done.code, done.out.strip()) == (0, "the red car: nothing matches")


def test_progress_goes_to_standard_error(
    run: Command, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    done = run(tiny_clip, "-q", "the red car", "--json", "--out", tmp_path)
    assert "watching" in done.err
    assert "writing" in done.err
    assert json.loads(done.out)["video"]["frames"] == 36


def test_tracks_of_ones_own(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    tracks = tmp_path / "mine.txt"
    tracks.write_text("".join(f"{frame},7,{10 + 4 * frame},40,40,30,1\n" for frame in range(36)))
    arguments = ("--tracks", tracks, "--set", "tracker.first_frame=0", "--threshold=-100", "--json")
    done = run(tiny_clip, "-q", "the red car", *arguments)
    result = json.loads(done.out)
    assert result["plugins"]["detector"] is None
    assert [track["track_id"] for track in result["queries"][0]["tracks"]] == [7]
    assert result["queries"][0]["tracks"][0]["spans"][0]["first_frame"] == 0
    assert run(tiny_clip, "-q", "the red car", "--tracks", tmp_path / "none.txt").code == 2


def test_missing_weights_are_a_failure(command: Command, tiny_clip: Path, tmp_path: Path) -> None:
    done = command("run", tiny_clip, "-q", "a car", "--set", f"matcher.model={tmp_path}")
    assert done.code == 1
    assert done.err.startswith("error: ")


def test_a_mistake_of_the_program_says_how_to_see_more(
    command: Command, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("trackspeak.service.console.track", fail)
    done = command("run", tiny_clip, "-q", "a car")
    assert done.code == 1
    assert done.err.splitlines()[0] == "error: unexpected ZeroDivisionError: by zero"
    assert "--debug" in done.err
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "run", str(tiny_clip), "-q", "a car"])


def test_an_interrupt_is_130(command: Command, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trackspeak.service.console.track", interrupt)
    done = command("run", tiny_clip, "-q", "a car")
    assert done.code == 130
    assert "Traceback" not in done.err


def test_the_plugins_are_listed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(command("plugins", "--json").out)
    assert {"motion", "bytetrack", "kum", "platt"} <= {plugin["name"] for plugin in listed}
    monkeypatch.setenv("COLUMNS", "200")
    table = command("plugins").out
    for text in ("motion", "a static camera", "min_score", "path: path, required", "trackspeak"):
        assert text in table


def test_a_broken_plugin_is_listed_with_its_reason(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from trackspeak.plugins.registry import PluginInfo

    broken = PluginInfo("tracker", "wrong", "", (), None, "somebody 1.0", "it cannot be imported: no module")
    monkeypatch.setattr("trackspeak.service.console.list_plugins", lambda: [broken])
    monkeypatch.setenv("COLUMNS", "160")
    assert "broken: it cannot be imported: no module" in command("plugins").out


def test_profiles_and_settings_are_shown(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "embedded" in command("profiles").out
    monkeypatch.setenv("TRACKSPEAK_DATA", "/srv/data")
    monkeypatch.setenv("COLUMNS", "160")
    lines = command("settings").out.splitlines()
    assert any("TRACKSPEAK_DATA" in line and "/srv/data" in line for line in lines)
    assert any("TRACKSPEAK_MAX_PIXELS_PER_FRAME" in line and "33177600" in line for line in lines)


def test_serve_listens_where_it_is_told(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda server: told.append((server.config.host, server.config.port)))
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKSPEAK_HOST", "0.0.0.0")  # noqa: S104 nothing listens
    assert command("serve").code == 0
    assert command("serve", "--host", "::1", "--port", "0").code == 0
    assert told == [("0.0.0.0", 8000), ("::1", 0)]  # noqa: S104
    assert command("serve", "--port", "70000").code == 2
