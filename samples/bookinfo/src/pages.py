"""The pages of productpage as HTML text; pure.

Whatever comes from outside (users, other services) is escaped here. Besides what people see, the page says
in attributes what programs look for: `data-status` of each section, `data-user`, `data-pod` and
`data-cluster`, and `<span class="stars black" data-stars="5">`. A colour stands in the page only where
stars have it, so that looking for the word is enough.
"""

from collections.abc import Mapping
from html import escape

import msgspec

from bookinfo import Answer, Rating, Review, Reviews

FULL_MARKS = 5

STYLE = """
:root { color-scheme: light; --ink: #20242c; --soft: #5d6675; --line: #e3e6eb; --accent: #2a5bd7; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: #f6f7f9; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; justify-content: space-between;
  padding: .8rem 1.5rem; background: #fff; border-bottom: 1px solid var(--line); }
header a.home { font-weight: 700; color: inherit; text-decoration: none; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font: 700 2.2rem/1.2 Georgia, serif; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 0 0 .8rem; }
a { color: var(--accent); }
form { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; }
input, button { font: inherit; padding: .3rem .6rem; border: 1px solid #c4cad4; border-radius: .4rem; }
input { width: 9rem; }
button { background: var(--accent); border-color: var(--accent); color: #fff; cursor: pointer; }
.columns { display: grid; grid-template-columns: 1fr 2fr; gap: 1.2rem; align-items: start;
  margin-top: 1.5rem; }
@media (max-width: 45rem) { .columns { grid-template-columns: 1fr; } }
section { background: #fff; border: 1px solid var(--line); border-radius: .7rem; padding: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th { text-align: left; font-weight: 500; color: var(--soft); padding: .15rem .8rem .15rem 0; }
blockquote { margin: 0 0 1.1rem; padding-left: .9rem; border-left: 3px solid var(--line); }
blockquote p { margin: 0; }
cite { font-style: normal; color: var(--soft); margin-right: .6rem; }
.stars { font-size: 1.3rem; letter-spacing: .1em; }
.served, .error { color: var(--soft); font-size: .9rem; margin: 0; }
.error { color: #8a5a00; }
"""


def index_page(user: str, services: Mapping[str, str]) -> str:
    """The front door: a link to the book, and the services behind it by name and address."""
    rows = "".join(table_row(name, url) for name, url in services.items())
    body = f"""
<h1>Bookinfo</h1>
<p>A bookshop with one book, served by four small programs that call each other through the mesh.</p>
<p><a href="/productpage">Open the product page</a></p>
<section><h2>Services behind it</h2><table>{rows}</table></section>"""
    return document("Bookinfo", body, user)


def product_page(product: Mapping[str, object], user: str, *, details: Answer, reviews: Answer) -> str:
    """The page of one book. `product` has a `title` and a `descriptionHtml`, which is trusted HTML."""
    title = escape(str(product["title"]))
    body = f"""
<h1>{title}</h1>
<p>{product["descriptionHtml"]}</p>
<div class="columns">
{section("Book details", "details", details, details_table(details))}
{section("Reviews", "reviews", reviews, review_list(reviews))}
</div>"""
    return document(title, body, user)


def document(title: str, body: str, user: str) -> str:
    """A whole page; `title` and `body` are HTML, `user` is plain and empty when nobody is signed in."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<header><a class="home" href="/productpage">Bookinfo</a>{signed_in(user) if user else SIGN_IN}</header>
<main>{body}
</main>
</body>
</html>
"""


SIGN_IN = """
<form action="/login" method="post" aria-label="Sign in">
<input name="username" placeholder="User name" aria-label="User name" maxlength="64">
<input name="passwd" type="password" placeholder="Any password" aria-label="Password" autocomplete="off">
<button>Sign in</button>
</form>"""


def signed_in(user: str) -> str:
    name = escape(user)
    who = f'<b id="user" data-user="{name}">{name}</b>'
    return f'<span>Signed in as {who} · <a href="/logout">Sign out</a></span>'


def section(heading: str, name: str, answer: Answer, content: str) -> str:
    return f'<section id="{name}" data-status="{answer.status}"><h2>{heading}</h2>{content}</section>'


def failure(answer: Answer) -> str:
    return f'<p class="error">{escape(str(answer.body["error"]))} (status {answer.status})</p>'


def details_table(details: Answer) -> str:
    if not details.is_ok:
        return failure(details)
    rows = (table_row(key, value) for key, value in details.body.items() if key != "id")
    return f"<table>{''.join(rows)}</table>"


def table_row(key: str, value: object) -> str:
    return f"<tr><th>{escape(key)}</th><td>{escape(str(value))}</td></tr>"


def review_list(answer: Answer) -> str:
    """The reviews, and the pod and cluster that served them."""
    if not answer.is_ok:
        return failure(answer)
    try:
        reviews = msgspec.convert(answer.body, Reviews)
    except msgspec.ValidationError as error:
        return (
            f'<p class="error">The reviews came in a shape this page cannot show: {escape(str(error))}.</p>'
        )
    return "".join(review_quote(review) for review in reviews.reviews) + served_by(reviews)


def served_by(reviews: Reviews) -> str:
    pod, cluster = escape(reviews.podname), escape(reviews.clustername)
    where = f" in cluster <b>{cluster}</b>" if cluster else ""
    attributes = f'data-pod="{pod}" data-cluster="{cluster}"'
    return f'<p class="served" id="served-by" {attributes}>Reviews served by pod <b>{pod}</b>{where}</p>'


def review_quote(review: Review) -> str:
    return f"""
<blockquote><p>{escape(review.text)}</p>
<cite>{escape(review.reviewer)}</cite>{rating(review.rating) if review.rating else ""}</blockquote>"""


def rating(given: Rating) -> str:
    """Stars as text, with their number and colour for those who cannot see them; or why there are none."""
    if given.stars is None:
        return f'<span class="error">{escape(given.error or "")}</span>'
    count = max(0, min(given.stars, FULL_MARKS))
    color = css_color(given.color)
    label = f"{count} of {FULL_MARKS} stars, {color}"
    picture = "★" * count + "☆" * (FULL_MARKS - count)
    attributes = f'class="stars {color}" style="color: {color}" data-stars="{count}" aria-label="{label}"'
    return f'<span {attributes} role="img">{picture}</span>'


def css_color(color: str | None) -> str:
    """A colour's name; black where it is none: anything but letters could carry more style than a colour."""
    return color if color and color.isascii() and color.isalpha() else "black"
