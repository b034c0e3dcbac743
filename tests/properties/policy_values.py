"""Constraint kinds for generated policies, with values that hold and that just miss. Pure: no Django, no I/O.

Every family is a function of a random source; it returns the kinds, the values that should hold, and the near misses.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from governance.canonical.values import Number

Family = tuple[dict[str, Any], list[Any], list[Any]]

FOLDERS = ["/tmp", "/srv/data", "/home/user/projects", "/srv/data/été", "/srv/a#1", "/"]
PATH_TAILS = [
    "",
    "/",
    "//a",
    "/a/b.txt",
    "/...",
    "/a..b",
    "/#1",
    "/ü ñ 文",
    "/100%",
    "/a%zz",
    "/b/",
    "/.hidden",
    "/a:b",
]
PATH_TRICKS = [
    "x", "/..", "/../etc", "/./a", "/.", "/%2e%2e/x", "/a%2fb", "/%252e%252e/x", "/%25252e/x", "/%2525252e/x", "/%5c",
    "/%c0%ae%c0%ae/x", "/%c0%af", "/%e0%80%af", "/%f0%80%80%ae", "/%u002e%u002e/x", "/%u2215x", "/%%32%65",
    "/%ef%bc%8fx", "/a\\b", "/a\x00", "/a\n", "/a\u200bb", "/a\u202eb", "/\u2024\u2024/x", "/a\u2215b",
    "/\uff0e\uff0e/x", "/a\uff0fb", "/a\uff3cb", "/\ufe52", "/\u2025/x", "/a\u2044b", "/a\u29f8b", "/\x7f", "/\u0085",
    "/%C0%AE", "/%2E./x", "/.%2e/x", "/%f8%80%80%80%ae", "/%fc%80%80%80%80%af", "/%e0%80%ae/x", "/%00", "/%U002e",
    "/a\u2028b", "/ノート", "/٠", "/\ue000",
]  # fmt: skip
PATHS = [
    "/etc/passwd", "~/x", "~root/x", "../etc", "./a", "a.txt", "a/b", "a/../b", "C:/x", "C:\\x", "c:x",
    "//srv/data/x", "file:///tmp/x", "/TMP/x", "/tmpx", "~", ".", "..", "a/~", "%2e%2e/etc", "https://example.com/x",
    "", "1:2", "a:b",
]  # fmt: skip
DOMAINS = ["example.com", "*.example.org", "api.internal.test", "xn--bcher-kva.test", "localhost"]
URL_TRICKS = [
    "http://{d}/", "https://{d}.evil.test/", "https://evil.test/{d}", "https://{d}@evil.test/", "https://u:p@{d}/",
    "{d}", "https://evil.test#@{d}", "https://evil.test\\@{d}/", "https://{d}\\.evil.test", "//{d}/x", "https:/{d}/",
    "https:{d}", "https://{d}:8443/x", "https://{d}:99999/", "ftp://{d}/", "https://x.{d}/", "https://a.b.{d}/",
    "https://x{d}/", "https://exa\tmple.com/", " https://{d}/", "https://{d}/\n", "https://{d}\n.evil.test/",
    "https://2130706433/", "https://[::1]/", "javascript:alert(1)", "smtp://{d}/", "https://{d}:0443/",
    "https://{d}:/", "https://{d}./", "https://{d}/a b", "https://{d}?x=@evil.test", "https://127.1/", "ws://{d}/",
    "file:///etc/passwd", "https:///{d}/", "https://", "https://{d}%00.evil.test/", "https://%65xample.com/",
    "https://.{d}/", "https://{d}:x/", "https://{d}:80/", "http://{d}:443/", "wss://{d}/",
]  # fmt: skip
URL_HOLDS = [
    "https://{d}/",
    "https://{d}",
    "HTTPS://{D}/x",
    "https://{d}:443/x?y=@z#w",
    "https://{d}/a%20b/../c",
    "https://{d}?q=1",
]
MAIL_DOMAINS = ["example.com", "mail.example.org", "Firm.test"]
MAIL_TRICKS = [
    "a@sub.{d}", "a@{d}.evil.test", "X <a@{d}>", "a@{d}, b@evil.test", "a@{d}@evil.test", "a@evil.test", "ä@{d}",
    '"a b"@{d}', "a@{d}\n", " a@{d}", "a@[1.2.3.4]", "@{d}", "a@", "a b@{d}", "a@{d};b@{d}", "<a@{d}>", "a@x{d}",
    "a@{d}\u200b", "a..b@{d}", "mailto:a@{d}", "a@\uff45xample.com", "a%40{d}", "",
]  # fmt: skip
PATTERNS: list[tuple[str, list[Any], list[Any]]] = [
    (r"[a-z]+", ["abc", "z"], ["abc\n", "ABC", "", "é", "ab c", "\nabc"]),
    (r"\d{3}-\d{4}", ["555-1234"], ["٥٥٥-1234", "555-12345", "x555-1234", "５55-1234"]),
    (r"a.c|x$", ["abc", "x", "a😀c"], ["a\nc", "x\n", "xx", "abcx"]),
    (r"\w+\s\w+", ["ab cd", "a\tb"], ["ab\u00a0cd", "é b", "ab  cd"]),
]
WRONG_TYPES: list[Any] = [None, True, False, 0, 7, "7", [], {}, ["a"], {"a": 1}, "", Number("1.0", Decimal("1.0"))]


def num(literal: str) -> int | Number:
    """A JSON number as the strict parser would hold it: an int when that writes back unchanged."""
    plain = literal.lstrip("-").isdigit() and str(int(literal)) == literal
    return int(literal) if plain else Number(literal, Decimal(literal))


def as_json(value: Any) -> Any:
    """A value of the policy's YAML as a call's JSON would hold it."""
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    return num(str(value)) if isinstance(value, Decimal) else value


def under(rng: Random) -> Family:
    folders = rng.sample(FOLDERS[:5], rng.randint(1, 2)) if rng.random() < 0.95 else ["/"]
    holds = [folder + tail for folder in folders for tail in PATH_TAILS]
    misses = [rng.choice(folders) + trick for trick in PATH_TRICKS] + PATHS
    return {"under": [folder + rng.choice(["", "/"]) if folder != "/" else "/" for folder in folders]}, holds, misses


def domains(rng: Random) -> Family:
    names = rng.sample(DOMAINS, rng.randint(1, 2))
    kinds: dict[str, Any] = {"domains": names}
    if rng.random() < 0.4:
        kinds["schemes"] = rng.choice([["https"], ["http"], ["https", "http"], ["wss", "https"]])
    if rng.random() < 0.4:
        kinds["ports"] = rng.choice([[443], [443, 8443], [80]])
    if rng.random() < 0.1:
        del kinds["domains"]
        kinds.setdefault("schemes", ["https"])
    hosts = [name.replace("*.", rng.choice(["a.", "a.b.", ""])) for name in names]
    holds = [form.format(d=host, D=host.upper()) for form in URL_HOLDS for host in hosts]
    return kinds, holds, [form.format(d=rng.choice(hosts)) for form in URL_TRICKS]


def email_domains(rng: Random) -> Family:
    names = rng.sample(MAIL_DOMAINS, rng.randint(1, 2))
    holds = [form.format(d=name, D=name.upper()) for name in names for form in ("a@{d}", "A.b+c@{D}", "o'n_x-1@{d}")]
    return {"email_domains": names}, holds, [form.format(d=rng.choice(names)) for form in MAIL_TRICKS]


def bounds(rng: Random) -> Family:
    edge = rng.choice(["0", "1", "500", "99.95", "1000000", "-5", "0.1"])
    near = ["0.00000000000000000000000000000001", "1e-40", "1", "0.01", "1e3", "1e400"]
    above = [str(Decimal(edge) + Decimal(step)) for step in ("1", "0.01")] + [
        f"{edge}{'' if '.' in edge else '.'}0000000000000000000000000000001"
    ]
    below = [str(Decimal(edge) - Decimal(step)) for step in ("1", "0.01")] + ["-1e400"]
    equal = [edge, edge + ("0" if "." in edge else ".0"), edge + "e0"]
    wrong: list[Any] = [edge, True, None, [num(edge)], {"value": num(edge)}, f" {edge}", "５００"]
    kind = rng.choice(["max", "max", "min", "both"])
    bound: Any = Decimal(edge) if "." in edge else int(edge)
    if kind == "both":
        return (
            {"min": bound, "max": bound + 10},
            [num(text) for text in [*equal, above[0]]],
            [num(t) for t in [*below, *near]] + wrong,
        )
    holds, misses = (below, above) if kind == "max" else (above, below)
    return (
        {kind: bound},
        [num(text) for text in [*holds, *equal]],
        [num(text) for text in [*misses, *near, "-0", "0e5"]] + wrong,
    )


def choices(rng: Random) -> Family:
    pool: list[Any] = rng.choice(
        [
            ["EUR", "USD", "CHF"],
            [1, 2, 300],
            ["EUR", 1, None],
            [True, "true"],
            [Decimal("1.5"), 0],
            [["EUR", 1], {"a": [True, Decimal("1.0")]}, "x"],
        ]
    )
    wanted = rng.sample(pool, rng.randint(1, len(pool)))
    inside = [as_json(one) for one in wanted]
    near: list[Any] = [
        "eur",
        "EUR ",
        "ＥＵＲ",
        "1",
        1,
        True,
        False,
        0,
        num("1.0"),
        num("1.50"),
        num("3e2"),
        ["EUR"],
        None,
        "GBP",
        5,
        {},
    ]
    kind = rng.choice(["in", "in", "not_in", "equals"])
    if kind == "equals":
        return {"equals": wanted[0]}, inside[:1], [*inside[1:], *near]
    return ({"in": wanted}, inside, near) if kind == "in" else ({"not_in": wanted}, near, [*inside, *near])


def types(rng: Random) -> Family:
    samples: dict[str, list[Any]] = {
        "string": ["a", ""], "number": [1, num("1.5")], "integer": [1, num("1.0"), num("1e2")], "boolean": [True,
        False],
        "array": [[], [1]], "object": [{}, {"a": 1}], "null": [None],
    }  # fmt: skip
    name = rng.choice(list(samples))
    if rng.random() < 0.2:
        return (
            {"type": [name, "null"]},
            [*samples[name], None],
            [value for other in samples.values() for value in other],
        )
    return {"type": name}, samples[name], [value for other in samples for value in samples[other]]


def globs(rng: Random) -> Family:
    pattern, holds, misses = rng.choice(
        [
            ("report-*.txt", ["report-.txt", "report-a/b\n.txt"], ["report-a.txt2", "Report-a.txt", "report-atxt"]),
            ("??", ["ab", "😀é", "??", "a\n"], ["a", "abc", "", "a\nb"]),
            ("*.csv", [".csv", "a.csv"], ["a.CSV", "a.csv ", "acsv"]),
            ("a*b?c[x]", ["abxc[x]", "a--bbc[x]"], ["abc[x]", "abxcx"]),
        ]
    )
    return {"glob": pattern if rng.random() < 0.7 else [pattern, "zz*"]}, [*holds], [*misses, "zz", 5]


def patterns(rng: Random) -> Family:
    pattern, holds, misses = rng.choice(PATTERNS)
    return {"matches": pattern if rng.random() < 0.7 else [pattern, "zz+"]}, [*holds], [*misses, 5, None]


def lengths(rng: Random) -> Family:
    low, high = rng.choice([(0, 3), (2, 4), (1, 1)])
    limits = rng.choice([{"min": low, "max": high}, {"max": high}, {"min": low}])
    return (
        {"length": limits},
        ["é" * low, "x" * high],
        ["😀" * (high + 1), "x" * (low - 1) if low else "", "e\u0301" * high, 5, ["a"]],
    )


def sizes(rng: Random) -> Family:
    low, high = rng.choice([(0, 2), (1, 3), (2, 2)])
    limits = rng.choice([{"min": low, "max": high}, {"max": high}, {"min": low}])
    return (
        {"items": limits},
        [["a"] * low, ["a"] * high],
        [["a"] * (high + 1), ["a"] * (low - 1) if low else [], "abc", {}, None],
    )


def presence(rng: Random) -> Family:
    return {"present": rng.random() < 0.6}, ["a", None, 1], []


def one_of(families: list[Callable[[Random], Family]]) -> Callable[[Random], Family]:
    """A family that is any of the given ones, or two of them joined by any_of."""

    def pick(rng: Random) -> Family:
        first = rng.choice(families)(rng)
        if rng.random() > 0.2:
            return first
        second = rng.choice([*families, presence, types, lengths])(rng)
        if rng.random() < 0.4 and not set(first[0]) & set(second[0]):
            return {**first[0], **second[0]}, first[1] + second[1], first[2] + second[2]
        return {"any_of": [first[0], second[0]]}, first[1] + second[1], first[2] + second[2]

    return pick


TARGETS: list[tuple[str, tuple[str, ...], Callable[[Random], Family]]] = [
    ("path", ("path",), one_of([under])),
    ("path", ("path",), one_of([under, globs])),
    ("file_path", ("file_path",), one_of([under])),
    ("paths[]", ("paths", "[]"), one_of([under])),
    ("target", ("target",), one_of([under, domains, email_domains])),
    ("url", ("url",), one_of([domains])),
    ("customer.email", ("customer", "email"), one_of([email_domains])),
    ("customer.tier", ("customer", "tier"), one_of([choices, types, presence])),
    ("amount", ("amount",), one_of([bounds])),
    ("items[].price", ("items", "[]", "price"), one_of([bounds, types])),
    ("items[].labels[]", ("items", "[]", "labels", "[]"), one_of([choices, globs])),
    ("/maxAmount", ("maxAmount",), one_of([bounds])),
    ("/odd.name", ("odd.name",), one_of([choices, patterns])),
    ("/odd[0]~1x", ("odd[0]/x",), one_of([globs, types])),
    ("/tags/0", ("tags", "[]"), one_of([choices, patterns])),
    ("/items/1/price", ("items", "[]", "price"), one_of([bounds, choices])),
    ("/customer/tier", ("customer", "tier"), one_of([choices])),
    ("currency", ("currency",), one_of([choices])),
    ("note", ("note",), one_of([patterns, lengths, globs])),
    ("tags[]", ("tags", "[]"), one_of([choices, patterns])),
    ("tags", ("tags",), one_of([sizes, types])),
    ("force", ("force",), one_of([choices, types, presence])),
]  # fmt: skip
