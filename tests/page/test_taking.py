"""What is taken out of the page is what the service gives: files, a link, calls; and two indexes side by side."""

import json
from typing import Any

import httpx
import pytest
from canvas_pixels import boxes_at, compare, painted, shown_frame
from page_browser import Visit, click_at
from page_clips import QUESTIONS, watch
from playwright.sync_api import Page, expect

NOW = "document.querySelector('.stage video').currentTime"


def opened(visit: Visit, watched: Any, **values: Any) -> Page:
    page = visit.open(video=watched.id, **{"q": list(QUESTIONS), **values})
    page.locator(".card").first.wait_for()
    return page


@pytest.mark.parametrize("format", ["json", "cvat"])
def test_a_saved_file_is_the_services(visit: Visit, api: httpx.Client, street: Any, format: str) -> None:  # noqa: A002
    page = opened(visit, street)
    page.get_by_role("button", name="Take away").click()
    with page.expect_download() as downloading:
        page.locator(f"button[data-format={format}]").click()
    download = downloading.value
    assert download.suggested_filename.endswith({"json": ".json", "cvat": ".xml"}[format])
    wanted = api.post(
        f"/v1/videos/{street.id}/queries", params={"format": format}, json={"queries": list(QUESTIONS)}
    ).raise_for_status()
    got = download.path().read_bytes()
    if format == "json":
        assert without_times(json.loads(got)) == without_times(wanted.json())
    else:
        assert got == wanted.content


def without_times(answer: Any) -> Any:
    return {**answer, "timings_s": None}


def test_two_indexes_are_shown_side_by_side(visit: Visit, api: httpx.Client, street: Any) -> None:
    """Of two ways to watch the clip; each pane has the boxes of its own index, and both are in step."""
    other = watch(api, street.street, tracker="sort")
    assert other.index != street.index
    page = opened(visit, street, index=street.index)
    page.get_by_label("Compare with").select_option(other.index)
    expect(page.locator(".stage figcaption")).to_have_count(2)
    assert page.locator(".stage figcaption").all_inner_texts() == [
        "embedded: motion · bytetrack · kum",
        "embedded: motion · sort · kum",
    ]
    for share in (0.25, 0.6):
        click_at(page, share)
        page.wait_for_function(f"share => Math.abs({NOW} - 4 * share) < 0.02", arg=share)
        frame = street.street.frame_at(page.evaluate(NOW))
        for pane, index in enumerate((street.index, other.index)):
            expect(page.locator(".stage canvas").nth(pane)).to_have_attribute("data-frame", str(frame))
            answer = api.post(
                f"/v1/videos/{street.id}/queries", json={"queries": list(QUESTIONS), "index": index}
            ).raise_for_status()
            boxes = boxes_at(answer.json(), frame)
            assert boxes
            compare(painted(page, pane), boxes, (320, 180), over_picture=pane == 1)
        assert shown_frame(page, street.street) == frame  # and the copy, which has boxes in it:
        assert (
            shown_frame(page, street.street, ".stage figure:nth-child(2) canvas", apart=1) == frame
        )  # with boxes in it
    assert page.evaluate("new URLSearchParams(location.search).get('against')") == other.index
    api.delete(f"/v1/indexes/{other.index}").raise_for_status()
