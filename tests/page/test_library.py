"""All videos: their names and labels, deleting one, and searching all of them."""

import re
from typing import Any

import httpx
from page_browser import Visit
from page_clips import Street
from playwright.sync_api import Page, expect


def card(page: Page, video: str) -> Any:
    return page.locator(f".video[data-video='{video}']")


def test_a_video_is_named_labelled_and_deleted(visit: Visit, api: httpx.Client, fresh: Street) -> None:
    files = {"video": ("fresh.mp4", fresh.path.read_bytes())}
    video = api.post("/v1/videos", files=files).raise_for_status().json()["id"]
    page = visit.open()
    expect(card(page, video)).to_contain_text("Not indexed yet")
    expect(card(page, video)).to_contain_text(re.compile("0:02 · 320 . 180"))
    page.get_by_role("button", name="Name and label fresh.mp4").click()
    dialog = page.get_by_role("dialog", name="Name and labels")
    dialog.get_by_label("Name", exact=True).fill("north gate")
    dialog.get_by_label("Labels").fill("night, rain")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(card(page, video).locator("strong")).to_have_text("north gate")
    assert card(page, video).locator(".labels li").all_inner_texts() == ["night", "rain"]
    told = api.get(f"/v1/videos/{video}").json()
    assert (told["name"], told["labels"]) == ("north gate", ["night", "rain"])
    page.get_by_role("button", name="Delete north gate").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert api.get(f"/v1/videos/{video}").status_code == 200
    page.get_by_role("button", name="Delete north gate").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(card(page, video)).to_have_count(0)
    assert api.get(f"/v1/videos/{video}").status_code == 404


def test_the_library_finds_videos_by_name_and_label(visit: Visit, api: httpx.Client, street: Any, uneven: Any) -> None:
    api.patch(f"/v1/videos/{uneven.id}", json={"labels": ["night"]}).raise_for_status()
    page = visit.open()
    expect(card(page, street.id)).to_contain_text("2 tracks · embedded")
    page.get_by_label("Filter the videos").fill("NIGHT")
    expect(page.locator(".video")).to_have_count(1)
    expect(card(page, uneven.id)).to_be_visible()
    page.get_by_label("Filter the videos").fill("nothing of this name")
    expect(page.locator(".videos .nothing")).to_be_visible()
    page.get_by_label("Filter the videos").fill("street")
    card(page, street.id).locator("a.picture").click()
    expect(page.locator("h1")).to_have_text("street.mp4")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Videos")


def test_a_search_finds_moments_and_opens_them(visit: Visit, api: httpx.Client, street: Any, uneven: Any) -> None:
    query = "a car on the left"
    found = api.post("/v1/search", json={"query": query, "top": 24}).raise_for_status().json()["tracks"]
    assert {hit["video"] for hit in found} >= {street.id, uneven.id}
    page = visit.open()
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search all videos").fill(query)
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(len(found))
    assert page.locator(".hit .name").all_inner_texts() == [hit["name"] for hit in found]
    place = next(number for number, hit in enumerate(found) if hit["spans"][0]["first_time_s"] > 1)
    hit = found[place]
    page.locator(".hit").nth(place).hover()
    page.wait_for_function("() => document.querySelector('.hit video')?.currentTime > 1")
    page.locator(".hit a").nth(place).click()
    page.locator(".card.chosen").wait_for()
    expect(page.locator(".stage canvas")).to_have_attribute("data-frame", str(hit["spans"][0]["first_frame"]))
    expect(page.locator(".card.chosen")).to_have_attribute("data-track", str(hit["track_id"]))
    expect(page.locator(".chip .text")).to_have_text([query])


def test_a_search_is_filtered_and_saved(visit: Visit, api: httpx.Client, street: Any, uneven: Any) -> None:
    api.patch(f"/v1/videos/{uneven.id}", json={"labels": ["night"]}).raise_for_status()
    page = visit.open(search="red car")
    expect(page.locator(".hit")).to_have_count(2)
    assert sorted(page.locator(".hit .name").all_inner_texts()) == ["street.mp4", "uneven.mp4"]
    page.get_by_text("Filters").click()
    page.get_by_label("Label").fill("night")
    page.keyboard.press("Enter")
    expect(page.locator(".hit .name")).to_have_text(["uneven.mp4"])
    page.get_by_role("button", name="Save this search").click()
    expect(page.get_by_label("Saved searches").locator("option")).to_have_text(["Saved searches", "red car"])
    assert api.get("/v1/searches").json()["red car"]["labels"] == ["night"]
    page.reload()
    expect(page.locator(".hit .name")).to_have_text(["uneven.mp4"])
    visit.open(search="")
    page.get_by_label("Saved searches").select_option("red car")
    expect(page.locator(".hit .name")).to_have_text(["uneven.mp4"])
    api.delete("/v1/searches/red car").raise_for_status()
