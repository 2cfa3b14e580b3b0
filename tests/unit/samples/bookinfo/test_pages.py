"""Nothing that comes from outside becomes markup or style."""

from html.parser import HTMLParser

import pytest

import pages
from bookinfo import Answer, Rating

EVIL = """<script>alert(1)</script>"' onload=x"""
PRODUCT = {"title": EVIL, "descriptionHtml": "<p>ours</p>"}


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def page(text: str) -> str:
    """A page on which every text from outside is `text`."""
    review = {"reviewer": text, "text": text, "rating": {"stars": 3, "color": text}}
    unrated = {"reviewer": text, "text": text, "rating": {"error": text}}
    reviews = {"id": "0", "podname": text, "clustername": text, "reviews": [review, unrated]}
    return pages.product_page(
        {**PRODUCT, "title": text},
        text,
        details=Answer(200, {"id": 0, text: text}),
        reviews=Answer(200, reviews),
    )


def test_texts_from_outside_make_no_markup() -> None:
    assert Tags(page(EVIL)).found == Tags(page("harmless")).found
    assert EVIL not in page(EVIL)


def test_errors_from_outside_make_no_markup() -> None:
    evil, harmless = (
        pages.product_page(
            PRODUCT, "", details=Answer(500, {"error": text}), reviews=Answer(500, {"error": text})
        )
        for text in (EVIL, "harmless")
    )
    assert Tags(evil).found == Tags(harmless).found


@pytest.mark.parametrize("color", [EVIL, "red;background:url(x)", "red black", "", None])
def test_colour_that_is_none_is_black(color: str | None) -> None:
    assert 'class="stars black" style="color: black"' in pages.rating(Rating(stars=1, color=color))


@pytest.mark.parametrize(
    ("stars", "picture"), [(-1, "☆☆☆☆☆"), (0, "☆☆☆☆☆"), (2, "★★☆☆☆"), (5, "★★★★★"), (99, "★★★★★")]
)
def test_stars_are_drawn_between_none_and_five(stars: int, picture: str) -> None:
    html = pages.rating(Rating(stars=stars, color="red"))
    assert f">{picture}<" in html
    assert f'aria-label="{picture.count("★")} of 5 stars, red"' in html
