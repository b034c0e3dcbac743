"""Which addresses a template stands for: none that a server could read as another than the one that was judged."""

from __future__ import annotations

import pytest

from registry.mcp.uri_template import UriTemplate

FILES = UriTemplate("file:///docs/{+path}")
NAMED = UriTemplate("file:///docs/{name}")


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("test://template/{id}/data", "test://template/123/data"),
        ("file:///docs/{+path}", "file:///docs/a/b/c.txt"),
        ("file:///docs/{name}", "file:///docs/a%20b.txt"),
        ("file:///docs/{name}", "file:///docs/%C3%A9"),
        ("file:///docs/{name}", "file:///docs/100%25"),
        ("x://{a,b}/y", "x://1,2/y"),
        ("x://y{/a,b}", "x://y/1/2"),
        ("x://y{?q,r}", "x://y?q=1&r=2"),
        ("x://y{?q,r}", "x://y"),
        ("x://y?a=1{&q}", "x://y?a=1&q=2"),
        ("x://y{#part}", "x://y#here"),
        ("x://y{.type}", "x://y.json"),
        ("x://y{;v}", "x://y;v=1"),
        ("x://{name:3}/{list*}", "x://abc/1,2"),
        ("proxy://{+url}", "proxy://https://example.com/a"),
        ("note:{n}", "note:..."),
        ("note:{n}", "note:a..b"),
        ("no expression", "no%20expression"),
        ("büro://{name}", "b%C3%BCro://a"),
        ("x://y!$&'()*+,;=:@/[{name}]", "x://y!$&'()*+,;=:@/[a]"),
    ],
)
def test_a_template_stands_for_what_it_expands_to(text: str, uri: str) -> None:
    """RFC 6570, every kind of expression."""
    assert UriTemplate(text).matches(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///docs/",
        "file:///docs",
        "file:///other/a",
        "FILE:///docs/a",
        "file:///docs/a/b",
        "file:///docs/a?b",
        "file:///docs/a#b",
        " file:///docs/a",
        "file:///docs/a\n",
        "xfile:///docs/a",
    ],
)
def test_one_expression_is_one_segment(uri: str) -> None:
    """A plain expression cannot reach another folder, or another address altogether."""
    assert not NAMED.matches(uri)


@pytest.mark.parametrize("template", [FILES, NAMED], ids=["path", "name"])
@pytest.mark.parametrize(
    "tail",
    [
        "..",
        ".",
        "a/../b",
        "a/./b",
        "../../etc/passwd",
        "%2e%2e",
        "%2E%2E",
        ".%2E",
        "a/%2e%2e/b",
        "%252e%252e",
        "%25252e%25252e",
        "%2525252e",
        "%c0%ae%c0%ae",
        "%C0%AE%C0%AE",
        "%E0%80%AE.",
        "%u002e%u002e",
        "..;x",
        "a/..;x=1/b",
        " ..",
        "%20..",
        "..%20/b",
        "..%09",
        "..%00",
        "..\\b",
        "a\\..\\b",
        "%5C..",
        "\uff0e\uff0e",
        "%EF%BC%8E%EF%BC%8E",
        "\u2024\u2024",
        "\u202e..",
        ".\u200b.",
        "?p=../x",
        "#../x",
    ],
)
def test_no_spelling_of_a_dot_segment_matches(template: UriTemplate, tail: str) -> None:
    """A pattern such as `file:///docs/*` must keep its promise at the server, whatever that decodes."""
    assert not template.matches("file:///docs/" + tail)


@pytest.mark.parametrize(
    "tail",
    [
        "a%2Fb",
        "a%2fb",
        "a%252Fb",
        "a%5Cb",
        "a\\b",
        "a\u2215b",
        "a\uff0fb",
        "a%EF%BC%8Fb",
        "%73ecret",
        "s%65cret",
        "%2573ecret",
        "se%63ret",
        "a%2Db",
        "a%7Eb",
        "a%5Fb",
        "a%30",
        "%c3%a9",
        "%C3%a9",
        "%zz",
        "%",
        "%4",
        "%u0073ecret",
        "a%00b",
        "a\x00b",
        "a\tb",
        "a%0Ab",
        "\ud800",
        "\u202ea",
        "a b",
        "caf\u00e9",
        "cafe\u0301",
        "a|b",
        'a"b',
        "a<b",
        "a>b",
        "a^b",
        "a`b",
        "a{b",
        "a}b",
    ],
)
def test_no_other_spelling_of_a_name_matches(tail: str) -> None:
    """A rule that denies `file:///docs/secret/*` is not evaded by encoding what needs none, or the reverse."""
    assert not FILES.matches("file:///docs/" + tail) and not NAMED.matches("file:///docs/" + tail)


@pytest.mark.parametrize("uri", ["file:///docs//a", "file:///docs/a//b", "file:////docs/a", "file:///docs///a"])
def test_no_empty_segment_matches(uri: str) -> None:
    """Servers collapse slashes; patterns do not."""
    assert not FILES.matches(uri) and not UriTemplate("file:///{+path}").matches(uri)


@pytest.mark.parametrize("text", ["{", "}", "a{", "a}b", "{}", "{a b}", "{a{b}}", "{!x}", "{=x}", "{ä}", "{a}}"])
def test_what_is_no_template_is_an_error(text: str) -> None:
    """A server's broken template stands for nothing."""
    with pytest.raises(ValueError, match="not a URI template"):
        UriTemplate(text)


@pytest.mark.parametrize("text", ["a.c{x}", "a+c{x}", "a(c){x}", "a[b]{x}", "a|b{x}", "^a$\\{x}"])
def test_what_stands_beside_expressions_is_taken_literally(text: str) -> None:
    """A server's template is no pattern of ours."""
    assert not UriTemplate(text).matches("abc1") and not UriTemplate(text).matches("ac1")


def test_a_long_address_is_judged_in_one_go() -> None:
    """Linear in its length, also for a template with many expressions."""
    many = UriTemplate("x://" + "{+a}" * 50 + "!")
    assert not many.matches("x://" + "a" * 2000)
