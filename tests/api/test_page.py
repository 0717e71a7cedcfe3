"""The page as it is served: whole, small, of this service alone, and in step with what it shows."""

import re
from pathlib import Path
from typing import Any

import trackspeak.service
from trackspeak.service.formats.draw import _COLORS
from trackspeak.service.formats.exports import EXPORTS

FOLDER = Path(trackspeak.service.__path__[0]) / "page"
MOST_BYTES = 150_000


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_page_and_its_files_are_served_and_kept_by_browsers(make_idle: Any) -> None:
    client = make_idle()
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    names = re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text)
    assert len(names) > 20
    for name in names:
        answer = client.get(name)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        again = client.get(name, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/nothing.js").status_code == 404
    assert client.get("/page/../settings.py").status_code == 404


def test_every_module_is_loaded_at_once(make_idle: Any) -> None:
    preloaded = re.findall(r'rel="modulepreload" href="/page/([^"]+)"', text_of("index.html"))
    assert preloaded == sorted(path.name for path in FOLDER.glob("*.js"))


def test_every_import_is_of_something_that_is_there() -> None:
    for path in FOLDER.glob("*.js"):
        for names, module in re.findall(r'^import \{([^}]*)\} from "\./([^"]+)";', text_of(path.name), re.M):
            exported = set(re.findall(r"^export (?:async )?(?:function\*?|class|const) (\w+)", text_of(module), re.M))
            wanted = {name.strip() for name in names.split(",") if name.strip()}
            assert wanted <= exported, (path.name, module, wanted - exported)


def test_every_export_is_used() -> None:
    texts = {path.name: text_of(path.name) for path in FOLDER.glob("*.js")}
    for name, text in texts.items():
        for exported in re.findall(r"^export (?:async )?(?:function\*?|class|const) (\w+)", text, re.M):
            uses = [other for other, used in texts.items() if other != name and re.search(rf"\b{exported}\b", used)]
            assert uses, f"nothing uses {exported} of {name}"


def test_the_page_is_small_and_asks_no_other_address() -> None:
    files = [path for path in FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    for path in files:
        addresses = re.findall(r"https?://[^\s\"'`)]+", text_of(path.name))
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path.name


def test_its_formats_and_colours_are_those_of_the_service() -> None:
    formats = re.search(r"FORMATS = \[(.*?)\];", text_of("takeaway.js"), re.S)
    assert formats is not None
    assert re.findall(r'\["([^"]+)",', formats[1]) == list(EXPORTS)
    colours = re.search(r"COLOURS = \[(.*?)\];", text_of("colours.js"), re.S)
    assert colours is not None
    assert tuple(re.findall(r'"([^"]+)"', colours[1])) == _COLORS
