"""axe-core over what the page shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SIZES = ((1280, 900), (390, 844))
"""A desktop's, and a phone's."""


def check(page: Page, view: str) -> None:
    """Check what is shown now: in light and dark, on a desktop and on a phone, where nothing may stand out of it."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            found = Axe().run(page)
            assert found.violations_count == 0, f"{view}, {width} wide, {scheme}:\n{found.generate_report()}"
        needed = page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, f"{view} needs {needed} pixels of {width}"
