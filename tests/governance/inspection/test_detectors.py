"""What the rule pack finds and what it leaves alone (security X1, X2), with secrets made at run time."""

import random
import re

import pytest
from made_secrets import all_secrets, block, card, checked_github_token, gatehouse_token, some, worded_secrets
from stdnum import luhn

from governance.inspection.detector import Decoded, Detector, Layer, UnusableDetector, require_unanchored
from governance.inspection.finding import Severity, TooManyFindings, value_fingerprint
from governance.inspection.pack import PACK, PACK_VERSION
from governance.inspection.scan import Detectors, compile_detectors

KEY = b"k" * 32
DETECTORS = compile_detectors(key=KEY)
SECRETS = all_secrets(random.Random(1))
WORDED = worded_secrets(random.Random(2))
FRAMES = (
    "{}",
    "token={}",
    "see {} there",
    'x = "{}";',
    "first line\n{}\nlast line",
    "({})",
    "my_{}",
    "https://host/path?x={}&y=1",
    "a%3D{}",
    r"in a text within a text\n{}\n",
    "größer 😀 {} 😀",
    "<b>{}</b>",
)


def test_the_pack_is_as_wide_as_promised_and_every_row_has_a_secret_here() -> None:
    assert PACK_VERSION
    assert len(PACK) >= 20
    assert {detector.cls for detector in PACK} == {"private_key", "vendor_key", "payment_card", "bearer_token"}
    assert {detector.id for detector in PACK} == set(SECRETS) | set(WORDED)


@pytest.mark.parametrize("rule", sorted(SECRETS))
def test_a_secret_is_found_exactly_where_it_stands(rule: str) -> None:
    secret = SECRETS[rule]
    for frame in FRAMES:
        text = frame.format(secret)
        (hit,) = DETECTORS.inspect_text(text)
        assert hit.rule == rule
        assert hit.start in (text.index(secret), text.index(secret) + len("https://"))
        assert hit.end >= text.index(secret) + len(secret)
        assert hit.fingerprint == value_fingerprint(text[hit.start : hit.end], KEY)


@pytest.mark.parametrize("seed", range(10))
def test_any_secret_of_a_form_is_found(seed: int) -> None:
    for rule, secret in all_secrets(random.Random(100 + seed)).items():
        assert [hit.rule for hit in DETECTORS.inspect_text(f"before {secret} after")] == [rule]


@pytest.mark.parametrize("frame", ["{}={}", "{}: '{}'", "{} is {}", '"{}" : "{}"', "{} =\n    {}"])
@pytest.mark.parametrize("rule", sorted(WORDED))
def test_a_secret_without_a_form_is_found_behind_its_words(rule: str, frame: str) -> None:
    words, secret = WORDED[rule]
    text = frame.format(words, secret)
    (hit,) = DETECTORS.inspect_text(text)
    assert (hit.rule, text[hit.start : hit.end]) == (rule, secret)


@pytest.mark.parametrize("rule", sorted(WORDED))
def test_the_same_without_the_words_is_not_a_finding(rule: str) -> None:
    assert DETECTORS.inspect_text(f"checksum: {WORDED[rule][1]}") == ()


@pytest.mark.parametrize("rule", sorted(WORDED))
def test_a_json_name_stands_for_the_words(rule: str) -> None:
    words, secret = WORDED[rule]
    (finding,) = DETECTORS.inspect_json({"config": {words: [secret]}})
    assert (finding.rule, finding.path) == (rule, f"/config/{words}/0")


def test_several_secrets_in_one_text_are_all_found_in_order() -> None:
    text = ", ".join(SECRETS[rule] for rule in ("aws-access-key-id", "github-token", "payment-card", "stripe-key"))
    rules = [hit.rule for hit in DETECTORS.inspect_text(text)]
    assert rules == ["aws-access-key-id", "github-token", "payment-card", "stripe-key"]


def test_a_key_block_that_was_cut_off_is_found_as_far_as_it_goes() -> None:
    text = block(random.Random(3), "PRIVATE" + " KEY")
    cut = text[: text.rindex("-----END")] + "\n\nThis sentence is not a part of it."
    (hit,) = DETECTORS.inspect_text(cut)
    assert hit.cls == "private_key"
    assert text[: text.rindex("-----END")].strip() in cut[hit.start : hit.end]


@pytest.mark.parametrize("label", ["RSA PRIVATE", "EC PRIVATE", "OPENSSH PRIVATE", "ENCRYPTED PRIVATE", "PRIVATE"])
def test_key_blocks_of_every_kind_are_found_and_end_at_their_footer(label: str) -> None:
    text = block(random.Random(4), label + " KEY")
    (hit,) = DETECTORS.inspect_text(f"a{text} b - c")
    assert (hit.start, hit.end, hit.severity) == (1, 1 + len(text), Severity.CRITICAL)


def test_pgp_blocks_with_headers_and_two_keys_in_a_row_are_found() -> None:
    pgp = block(random.Random(5), "PGP PRIVATE" + " KEY BLOCK").replace("\n", "\nVersion: Some-Tool 1.0 -- x\n\n", 1)
    hits = DETECTORS.inspect_text(pgp + "\n" + pgp)
    assert [(hit.start, hit.end) for hit in hits] == [(0, len(pgp)), (len(pgp) + 1, 2 * len(pgp) + 1)]


def test_a_key_in_a_text_within_a_text_is_found() -> None:
    text = block(random.Random(6), "PRIVATE" + " KEY").replace("\n", r"\n")
    (hit,) = DETECTORS.inspect_text(f'{{"key": "{text}"}}')
    assert hit.end - hit.start == len(text)


def test_a_right_checksum_makes_it_critical_and_a_wrong_one_is_still_a_finding() -> None:
    right = checked_github_token(random.Random(7))
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    assert [hit.severity for hit in DETECTORS.inspect_text(right)] == [Severity.CRITICAL]
    assert [hit.severity for hit in DETECTORS.inspect_text(wrong)] == [Severity.HIGH]


@pytest.mark.parametrize("prefix", ["gh" + "a_", "gh" + "p_"])
def test_our_own_tokens_are_critical_for_agents_and_for_people(prefix: str) -> None:
    token = gatehouse_token(random.Random(20), prefix)
    for text in (token, f"Authorization: Bearer {token}", f"{token}_and_more", f"{token}and more", f"{token}{token}"):
        hit = DETECTORS.inspect_text(text)[0]
        assert (hit.rule, hit.cls, hit.severity) == ("gatehouse-token", "vendor_key", Severity.CRITICAL)
        assert text[hit.start : hit.end] == token


def test_of_our_own_form_a_wrong_checksum_is_less_certain_and_a_stand_in_is_nothing() -> None:
    token = gatehouse_token(random.Random(21))
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert [hit.severity for hit in DETECTORS.inspect_text(wrong)] == [Severity.HIGH]
    for nothing in (
        "gha_" + "x" * 12 + "_" + "x" * 38,
        token[:-1],
        token.replace("_", "-"),
        "gha_…",
        "ghp_123456789012_",
    ):
        assert DETECTORS.inspect_text(nothing) == ()


def test_a_sign_in_link_is_found_however_its_slashes_are_written() -> None:
    link = SECRETS["gatehouse-sign-in-link"]
    for text in (f"http://127.0.0.1:8000{link}/", link, link.replace("/", r"\/"), link.replace("/", "%2F")):
        (hit,) = DETECTORS.inspect_text(text)
        assert (hit.rule, hit.cls, hit.severity) == ("gatehouse-sign-in-link", "vendor_key", Severity.HIGH)
    for nothing in ("/admin/link/<secret>/", "/admin/link/x/", "/admin/link/" + "x" * 43, f"{link}9", link[:-1]):
        assert DETECTORS.inspect_text(nothing) == ()


@pytest.mark.parametrize(
    ("prefix", "length", "groups"),
    [
        ("4", 16, (4, 4, 4, 4)),
        ("51", 16, (4, 4, 4, 4)),
        ("55", 16, (4, 4, 4, 4)),
        ("2221", 16, (4, 4, 4, 4)),
        ("2720", 16, (4, 4, 4, 4)),
        ("34", 15, (4, 6, 5)),
        ("37", 15, (4, 6, 5)),
        ("6011", 16, (4, 4, 4, 4)),
        ("65", 16, (4, 4, 4, 4)),
        ("3528", 16, (4, 4, 4, 4)),
        ("305", 14, (4, 6, 4)),
        ("36", 14, (4, 6, 4)),
        ("62", 16, (4, 4, 4, 4)),
        ("4", 19, (4, 4, 4, 4, 3)),
        ("6759", 18, ()),
    ],
)
def test_cards_of_every_issuer_are_found_plain_and_grouped(prefix: str, length: int, groups: tuple[int, ...]) -> None:
    number = card(random.Random(8), prefix, length)
    forms = [number]
    for separator in " -" if groups else "":
        parts, rest = [], number
        for size in groups:
            parts.append(rest[:size])
            rest = rest[size:]
        forms.append(separator.join(parts))
    for form in forms:
        (hit,) = DETECTORS.inspect_text(f"paid with {form}, thanks")
        assert (hit.cls, hit.end - hit.start) == ("payment_card", len(form))


def test_the_check_digit_agrees_with_stdnum() -> None:
    rng = random.Random(9)
    found = 0
    for _ in range(2_000):
        number = "4" + "".join(rng.choices("0123456789", k=15))
        hits = DETECTORS.inspect_text(number)
        assert bool(hits) == luhn.is_valid(number)
        found += len(hits)
    assert 100 < found < 320


def test_a_card_with_its_check_value_behind_it_is_found() -> None:
    number = card(random.Random(12), "4")
    for check_value in range(100, 150):
        (hit,) = DETECTORS.inspect_text(f"{number} {check_value}")
        assert (hit.start, hit.end) in ((0, 16), (0, 20))


def test_a_card_behind_other_groups_of_four_digits_is_found() -> None:
    number = card(random.Random(10), "4")
    grouped = " ".join(re.findall("....", number))
    assert any(hit.end - hit.start == 19 for hit in DETECTORS.inspect_text(f"4000 5000 4001 {grouped} 4002"))


BENIGN = (
    "id 550e8400-e29b-41d4-a716-446655440000",
    "4111-1111-1111-1112 and 4111111111111112 fail the check digit",
    "order 4000000000000001 shipped, order 5500000000000005 did not",
    "0.4111111111111111 and 12.4111111111111111 and 4111111111111111.25",
    "4111 1111-1111 1111",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "cache-key-d41d8cd98f00b204e9800998ecf8427e",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----",
    "The file starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "AKIAIOSFODNN7" + "EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY as aws_secret_access_key",
    "export GITHUB_TOKEN=ghp_" + "x" * 36,
    "AKIA" + "X" * 16,
    "sk-ant-api03-your-" + "api-key-goes-here-0000",
    "sk-proj-" + "xxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-...",
    "glpat-" + "your-token-here-12345",
    "xoxb-" + "your-bot-token-0123456789",
    "${{ secrets.NPM_TOKEN }} $STRIPE_KEY <YOUR_API_KEY>",
    "eyJhbGciOi.eyJzdWIiOi.not-a-token-because-nothing-decodes-here",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl dev@example.com",
    "task-0123456789abcdef0123456789abcdef and disk-abcdefghijklmnopqrstuvwxyz012345",
    "2026-11-20T06:05:04.123456Z 1763618704123456 1763618704123456789",
    "IMEI 352099001761481, phone +49 30 901820, ISBN 978-3-16-148410-0",
    "pk_live_" + "51H8xkQeZvKYlo2CabcdefGH is made to be public",
    "the secret key is described in commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
)


@pytest.mark.parametrize("text", BENIGN)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert DETECTORS.inspect_text(text) == ()
    assert DETECTORS.inspect_json({"value": text}) == ()


def test_random_identifiers_and_encoded_binaries_raise_no_alarm() -> None:
    rng = random.Random(11)
    for _ in range(300):
        assert DETECTORS.inspect_text(some(rng, "0123456789abcdef", 40)) == ()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    image = "/9j/4AAQSkZJRgABAQ" + "A" * 200 + "EAAAEAAA" * 50 + "".join(rng.choices(letters, k=200_000))
    assert DETECTORS.inspect_text(image) == ()


def test_a_fingerprint_is_keyed_and_tells_equal_secrets_from_others() -> None:
    one = DETECTORS.inspect_text("a " + SECRETS["stripe-key"])[0].fingerprint
    assert one == DETECTORS.inspect_text("b: " + SECRETS["stripe-key"])[0].fingerprint
    assert one != compile_detectors(key=b"j" * 32).inspect_text(SECRETS["stripe-key"])[0].fingerprint
    assert re.fullmatch("[0-9a-f]{32}", one)
    assert SECRETS["stripe-key"] not in repr(DETECTORS.inspect_text(SECRETS["stripe-key"]))


def test_a_text_with_a_lone_surrogate_is_searched_like_any_other() -> None:
    text = "\ud800 " + SECRETS["stripe-key"]
    assert [hit.start for hit in DETECTORS.inspect_text(text)] == [2]


def test_more_findings_than_are_worked_through_are_an_error_not_a_cut() -> None:
    with pytest.raises(TooManyFindings):
        DETECTORS.inspect_text((SECRETS["aws-access-key-id"] + " ") * 10_001)


def test_whoever_buries_a_text_in_near_misses_has_the_rest_taken_for_a_hit() -> None:
    text = "4111111111111112 " * 25_000 + SECRETS["payment-card"]
    (hit,) = DETECTORS.inspect_text(text)
    assert (hit.cls, hit.end) == ("payment_card", len(text))


def one(pattern: str, **parts: object) -> Detectors:
    return compile_detectors([Detector("d", "custom", Severity.LOW, pattern, **parts)], key=KEY, version="t")


@pytest.mark.parametrize("pattern", ["^x", "x$", r"\Ax", r"x\z", r"x\B", "(?:^|,)x", "[a^]|^", "[]$]$"])
def test_an_anchored_pattern_is_refused_because_texts_are_joined(pattern: str) -> None:
    with pytest.raises(UnusableDetector, match="detector d: .* is not possible here"):
        one(pattern)


@pytest.mark.parametrize("pattern", [r"\^x", r"x\$", "[$^]x", "[^^]x", "[]^$]x", r"\bx\b", r"[\]^]x"])
def test_a_pattern_that_only_mentions_an_anchor_is_accepted(pattern: str) -> None:
    require_unanchored("d", pattern)
    one(pattern)


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(x)\1", "x{2000}"])
def test_what_is_not_re2_is_refused_naming_the_detector(pattern: str) -> None:
    with pytest.raises(UnusableDetector, match="detector d: the pattern is not RE2"):
        one(pattern)


def test_an_unknown_validator_and_a_repeated_id_are_refused() -> None:
    with pytest.raises(UnusableDetector, match="validator 'luck' is unknown; use one of crc32_token"):
        one("x", validator="luck")
    row = Detector("d", "custom", Severity.LOW, "x")
    with pytest.raises(UnusableDetector, match="two with this id"):
        compile_detectors([row, row], key=KEY)


def test_a_decoding_layer_reports_the_encoded_part() -> None:
    def from_hex(text: str) -> list[Decoded]:
        found = re.finditer("[0-9a-f]{40,}", text)
        return [Decoded(m.start(), m.end(), bytes.fromhex(m[0]).decode("ascii", "replace")) for m in found]

    layered = compile_detectors(key=KEY, layers=[Layer("hex", "[0-9a-f]{40}", from_hex)])
    encoded = SECRETS["stripe-key"].encode().hex()
    value = {"note": f"see {encoded}.", "plain": "0" * 40}
    (finding,) = layered.scan_arguments(value)
    assert (finding.rule, finding.path, finding.start, finding.end) == ("stripe-key", "/note", 4, 4 + len(encoded))
    assert DETECTORS.scan_arguments(value) == ()
