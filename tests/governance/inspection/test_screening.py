"""Screening arguments and results: the same bytes go on unless something is in them, however it is written."""

import contextlib
import json
import random
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_secrets import all_secrets, card, worded_secrets

from governance.canonical.strict_json import encode, parse
from governance.canonical.values import Number
from governance.inspection.finding import TooManyFindings
from governance.inspection.reading import UnreadableResult, all_text, text_of
from governance.inspection.redaction import redact
from governance.inspection.scan import CLEAN, compile_detectors

DETECTORS = compile_detectors(key=b"k" * 32)
SECRETS = all_secrets(random.Random(21))
TOKEN = SECRETS["stripe-key"]
CARD = card(random.Random(22), "4")


def escaped(text: str) -> str:
    """Every character as a JSON escape."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))


def result(text: str) -> bytes:
    return json.dumps({"content": [{"type": "text", "text": text}], "isError": False}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"content":[{"type":"text","text":"plain"}]}',
        b' { "content" : [ ] , "n" : 1.10 , "e" : 1e5, "big": 123456789012345678901234567890 } ',
        '{"text":"größer 😀"}'.encode(),
        rb'{"text":"line\nline \"quoted\" \\ back \/ \u00e9 \ud83d\ude00"}',
        b'{"a":1,"a":2}',
        rb'{"a":"x\ny","a":"z"}',
        b'"text"',
        b"[]",
        b"null",
        b"0",
        rb'{"text":"documentation of io.gatehouse/decision \u0022 in a value"}',
    ],
)
def test_a_result_without_findings_goes_on_untouched(raw: bytes) -> None:
    assert DETECTORS.scan_result(raw) is CLEAN
    assert CLEAN.untouched


@pytest.mark.parametrize("rule", sorted(SECRETS))
def test_every_secret_is_found_in_results_in_whatever_form(rule: str) -> None:
    secret = SECRETS[rule]
    inside = json.dumps({"deep": f"x {secret} y"})
    for raw in (
        result(f"a {secret} b"),
        result(f"line\n{secret}\nline"),
        json.dumps({"text": f"é {secret}"}, ensure_ascii=False).encode(),
        f'{{"text":"{escaped(secret)}"}}'.encode(),
        f'{{"text":"\\n{escaped(secret[:3])}{json.dumps(secret[3:])[1:]}}}'.encode(),
        json.dumps({secret: 1}).encode(),
        json.dumps({"error": {"message": secret, "data": [secret]}}).encode(),
        result(inside),
        result(json.dumps(f"a\n{secret}")),
    ):
        screened = DETECTORS.scan_result(raw)
        assert not screened.untouched
        assert {finding.rule for finding in screened.findings} == {rule}
        assert screened.value == parse(raw)
        cleaned, _ = redact(screened.value, screened.findings)
        assert DETECTORS.scan_result(encode(cleaned)) is CLEAN


def test_findings_carry_paths_in_document_order() -> None:
    raw = json.dumps(
        {"content": [{"text": "x"}, {"text": f"a {TOKEN}"}], "structuredContent": {"a/b~c": [CARD, TOKEN]}}
    ).encode()
    found = [(finding.path, finding.rule) for finding in DETECTORS.scan_result(raw).findings]
    assert found == [
        ("/content/1/text", "stripe-key"),
        ("/structuredContent/a~1b~0c/0", "payment-card"),
        ("/structuredContent/a~1b~0c/1", "stripe-key"),
    ]


def test_a_path_never_shows_a_secret_that_stands_in_a_name() -> None:
    findings = DETECTORS.scan_arguments({"a": {f"x-{TOKEN}": {"b": TOKEN}}})
    assert [(finding.path, finding.in_key) for finding in findings] == [
        ("/a/x-[redacted:vendor_key]", True),
        ("/a/x-[redacted:vendor_key]/b", False),
    ]
    assert TOKEN not in repr(findings)
    assert TOKEN not in json.dumps([finding.record() for finding in findings])


@pytest.mark.parametrize(
    "literal",
    [
        CARD,
        f"-{CARD}",
        f"{CARD}.0",
        f"{CARD}.000",
        f"{CARD[0]}.{CARD[1:]}e15",
        f"{CARD}0e-1",
        f"{CARD[:-1]}.{CARD[-1]}E+1",
    ],
)
def test_a_card_number_written_as_a_json_number_is_found(literal: str) -> None:
    for raw in (f'{{"card":{literal}}}', f'{{"t":"\\n","card":[{literal}]}}'):
        screened = DETECTORS.scan_result(raw.encode())
        (finding,) = screened.findings
        assert (finding.cls, finding.start, finding.end) == ("payment_card", 0, 0)
        value, redactions = redact(screened.value, screened.findings)
        assert [r.wire() for r in redactions] == [{"class": "payment_card", "path": finding.path, "count": 1}]
        assert encode(value) in (b'{"card":0}', b'{"card":[0],"t":"\\n"}')
    arguments = parse(f'{{"card":{literal}}}'.encode())
    for canonical in (None, encode(arguments)):
        assert [finding.path for finding in DETECTORS.scan_arguments(arguments, canonical)] == ["/card"]


@pytest.mark.parametrize("around", ["", "\n", '"', "\\", "\u00e9", "\x1f", "\U0001f511", "\\u0041"])
def test_arguments_are_judged_the_same_from_their_canonical_form(around: str) -> None:
    for secret in (TOKEN, CARD):
        for text in (secret, f"{around}{secret}", f"{secret}{around}", f"a {around} b {secret} c"):
            for arguments in ({"text": text}, {"list": [1, {text: True}]}, {"text": around, "deep": {"a": [text]}}):
                found = DETECTORS.scan_arguments(arguments)
                assert DETECTORS.scan_arguments(arguments, encode(arguments)) == found
    assert DETECTORS.scan_arguments({"text": TOKEN}, encode({"text": TOKEN}))


@pytest.mark.parametrize(
    "literal", ["1e400", "1" * 300, "0.0000000000001", "4e15", "1234567890.5", "true", "-0", "1E-400"]
)
def test_other_numbers_are_no_findings_and_no_crash(literal: str) -> None:
    for raw in (f'{{"n":{literal}}}', f'{{"t":"\\n","n":{literal}}}'):
        assert DETECTORS.scan_result(raw.encode()).untouched
    assert DETECTORS.scan_arguments(parse(f'{{"n":{literal}}}'.encode())) == ()


@pytest.mark.parametrize(
    "raw",
    [
        f'{{"text":"{TOKEN}","text":"fine"}}',
        f'{{"text":"a\\n{TOKEN}","text":"fine"}}',
        f'{{"a":{{"{TOKEN}":1,"x":2}},"a":"\\n"}}',
        f'{{"a":["\\n",{{"b":"{TOKEN}"}}],"a":0}}',
        # The dropped member's quotation marks made up for by escaped ones elsewhere.
        f'{{"text":"a\\n{TOKEN}","text":"\\u0022\\u0022\\u0022\\u0022"}}',
        f'{{"card":{CARD},"card":"\\n"}}',
        '{"_meta":{"io.gatehouse\\/decision":1,"x":1},"_meta":{}}',
    ],
)
def test_a_secret_behind_a_repeated_name_is_seen_and_withheld(raw: str) -> None:
    """One reader takes the first of two equal names, another the last: such a result is nobody's to pass on."""
    with pytest.raises(UnreadableResult, match="twice"):
        DETECTORS.scan_result(raw.encode())


@pytest.mark.parametrize(
    "raw",
    [b'{"a":"\xff"}', b'{"a":"\xff\\n"}', b'{"a":"\\ud800"}', b'{"a":"\\x41"}', b'{"a\\n":', b"[" * 50_000 + b'"\\n"'],
)
def test_what_cannot_be_read_is_an_error(raw: bytes) -> None:
    with pytest.raises(UnreadableResult, match="cannot be screened"):
        DETECTORS.scan_result(raw)


def test_a_long_card_written_with_an_exponent_is_found_though_a_double_would_round_it() -> None:
    number = card(random.Random(24), "4", 19)
    for escape in ("", "\\n"):
        raw = f'{{"t":"{escape}","card":{number[0]}.{number[1:]}e18}}'.encode()
        assert [finding.path for finding in DETECTORS.scan_result(raw).findings] == ["/card"]


def test_a_secret_split_by_the_joining_of_texts_is_not_invented() -> None:
    half = len(TOKEN) // 2
    assert DETECTORS.scan_arguments({"a": TOKEN[:half], "b": TOKEN[half:]}) == ()
    assert DETECTORS.scan_arguments({"a": [CARD[:8], CARD[8:]]}) == ()
    assert DETECTORS.scan_result(json.dumps(["\n", CARD[:8], CARD[8:]]).encode()) is CLEAN


def test_words_that_tell_a_secret_work_across_a_name_and_its_value_only() -> None:
    words, secret = worded_secrets(random.Random(23))["aws-secret-access-key"]
    assert len(DETECTORS.scan_result(json.dumps({words: secret}).encode()).findings) == 1
    assert len(DETECTORS.scan_result(json.dumps({words: [{"v": secret}, secret]}).encode()).findings) == 1
    assert DETECTORS.scan_result(json.dumps({words: "x", "digest": secret}).encode()) is CLEAN


def test_too_many_findings_in_arguments_are_an_error() -> None:
    assert len(DETECTORS.scan_arguments({"a": [TOKEN] * 1_000})) == 1_000
    with pytest.raises(TooManyFindings):
        DETECTORS.scan_arguments({"a": [TOKEN] * 1_001})


def test_a_value_made_of_near_misses_is_refused_as_a_whole() -> None:
    raw = json.dumps(["4111 1111 1111 1112"] * 31_000).encode()
    with pytest.raises(TooManyFindings):
        DETECTORS.scan_result(raw)
    assert DETECTORS.scan_result(json.dumps(["4111 1111 1111 1112"] * 19_000).encode()) is CLEAN


def test_a_secret_among_very_many_rows_is_found_under_its_path() -> None:
    rows = [{"id": n, "note": f"row\n{n}", "tags": [["x"], {"y": str(n)}]} for n in range(1_000)]
    rows[777]["tags"][1]["y"] = TOKEN
    rows[778][TOKEN] = 1
    findings = DETECTORS.inspect_json({"a": {"b": rows}})
    assert [finding.path for finding in findings] == ["/a/b/777/tags/1/y", "/a/b/778/[redacted:vendor_key]"]


def test_a_secret_far_below_is_found() -> None:
    value: object = TOKEN
    for depth in range(60):
        value = {"a": value} if depth % 2 else [value]
    assert len(DETECTORS.inspect_json(value)[0].steps) == 60


def test_a_fraction_in_arguments_is_no_finding() -> None:
    assert DETECTORS.scan_arguments({"a": Number("1.10", Decimal("1.10")), "b": None, "c": True, "d": 7}) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e11, 1e11) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(json_values, st.booleans(), st.booleans())
def test_the_fast_reading_sees_all_that_the_strict_one_sees(value: object, ascii_only: bool, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    raw = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")
    try:
        strict = parse(raw, max_members=len(raw) + 1)
    except ValueError:
        return
    wanted = sorted(filter(None, text_of(strict).split("\0")))
    assert sorted(filter(None, all_text(raw).split("\0"))) == wanted


@settings(deadline=None)
@given(json_values, st.sampled_from(sorted(SECRETS)), st.randoms(use_true_random=False), st.booleans())
def test_a_secret_put_anywhere_into_any_value_is_found(
    value: object, rule: str, rng: random.Random, ascii_only: bool
) -> None:
    frame = rng.choice(["{}", "a {} b", "é{}é", '"{}"', "\n{}\n", "\\{}\\", "😀{}"])
    planted = _plant(value, frame.format(SECRETS[rule]), rng)
    raw = json.dumps(planted, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        parse(raw)
    except ValueError:
        return
    assert rule in {finding.rule for finding in DETECTORS.scan_result(raw).findings}


def _plant(value: object, secret: str, rng: random.Random) -> object:
    if isinstance(value, dict) and value and rng.random() < 0.7:
        name = rng.choice(list(value))
        return value | {name: _plant(value[name], secret, rng)}
    if isinstance(value, dict):
        return value | {secret: 1}
    if isinstance(value, list) and value and rng.random() < 0.7:
        index = rng.randrange(len(value))
        return [*value[:index], _plant(value[index], secret, rng), *value[index + 1 :]]
    if isinstance(value, list):
        return [*value, secret]
    return secret


HEADER = "-----BEGIN PRIVATE" + " KEY-----"
HARD = {
    "cards": CARD + ",",
    "near cards": "4111111111111112 ",
    "groups": "4444 ",
    "digits": "4",
    "headers": HEADER,
    "headers and dashes": HEADER + "-- ---",
    "prefixes": "sk-" + "ant-a0-",
    "tokens": "eyJhbGciOiJI.eyJhbGciOiJI.",
    "key files": "PuTTY-User-Key" + "-File-2: a\n",
    "words": "secret access key ",
    "words and hashes": "secret key " + "a" * 40 + " ",
    "fillers": "xoxb-" + "x" * 60 + " ",
    "numbers": "123456789012.5e1,",
}


@pytest.mark.parametrize("what", sorted(HARD))
def test_the_time_grows_with_the_length_and_not_faster(what: str) -> None:
    """Security P5: four times the text takes about four times as long; ten times would be a square in disguise."""

    def seconds(size: int) -> float:
        text = (HARD[what] * (size // len(HARD[what]) + 1))[:size]
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            with contextlib.suppress(TooManyFindings):
                DETECTORS.scan_arguments({"text": text})
            best = min(best, time.process_time() - start)
        return best

    seconds(50_000)
    short, long = seconds(50_000), seconds(200_000)
    assert long < 10 * short + 0.02
