"""Which sentences of a manifest are findings: rows of forms over concepts. Data alone. Pure: no Django, no I/O.

`registry.scan.forms` says how a form is written, `registry.scan.words` holds the words of each concept. A concept in
capitals is a marker: something told by its form, such as an address. OPENING is the first sentence of a description,
which says what the tool does rather than what a model has to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """A rule and the sentences it applies to: English by `forms`, every other language by `anywhere`, without order.

    It is left out for an item whose own name or title speaks of one of the concepts `about`.
    """

    rule: str
    forms: tuple[str, ...]
    anywhere: tuple[str, ...] = ()
    about: str = ""
    sure: bool = False
    """Whether it is a finding of its own severity even where the sentence sounds like no order."""


MEANINGS: Final[tuple[Meaning, ...]] = (
    Meaning(
        "hidden-from-user",
        (
            "dont tell ~6 theuser !mereids !unlessasked",
            "dont mention|show|tell ~3 thisact",
            "dont mention|show|tell|putb ~7 reply & thisact",
            "dont show|tell|mention ~2 thisact ~6 theuser",
            "theuser ~2 dont ~4 aware !cond",
            "theuser ~3 unseen",
            "secretly ~2 sendb|putb|grabb|callb|runb|changeb|deleteb|remember !fails",
            "sendb|grabb|callb|putb|changeb ~5 secretly !fails !install",
            "furtive & sendb|putb|grabb|callb|runb|changeb|deleteb|remember !detects",
            "keepsecret",
            "aionly",
        ),
        (
            "dont & tell & user",
            "dont & aware & user",
            "secretly & send|put|grab|call|delete|remember|runcmd",
            "secretly & user",
            "dont & tell & creds|PATH|EMAIL|URL",
        ),
    ),
    Meaning(
        "consent-bypassed",
        (
            "dont ~2 askb ~8 consent !opposite",
            "dont ~2 confirmverb ~4 theuser & consent|strongmust|proceed !opposite !cond",
            "+proceed ~8 dont askb|confirmverb|consent & theuser|consent|you|strongmust !OPENING !cond",
            "theuser ~4 preapproved !cond",
            "preapproved & proceed|dont|callb !cond !only",
            "+disableb ~4 consent & you|strongmust !opposite !cond",
        ),
        ("dont & ask|consent & user & call|send|runcmd|delete|must", "dont & ask & consent"),
    ),
    Meaning(
        "instructions-overridden",
        (
            "+ignorehard ~3 earlier ~4 instructions !defensive",
            "+ignorehard ~4 instructions ~4 earlier|you !defensive",
            "thisact|thistool ~5 ignorehard ~5 instructions|theuser !defensive",
            "notasked & strongmust|callb|sendb|putb|swapb|sayb",
            "strongmust ~6 obey & regardless !authority",
        ),
        ("ignore & instructions & earlier", "ignore & sysprompt", "ignore & instructions & must"),
        about="detecting",
    ),
    Meaning(
        "persona-changed",
        ("identity ~6 unbound", "personastrong"),
        about="detecting",
    ),
    Meaning(
        "secrets-taken",
        (
            "+putb|sendb ~7 deepcreds|PATH !pathto !OPENING",
            "+grabb ~5 PATH !pathto !OPENING",
            "+grabb ~6 deepcreds|envvars|PATH|creds & putb|sendb & param|URL|EMAIL|HOST|contents",
            "strongmust & +putb|sendb|grabb ~7 deepcreds|PATH !pathto",
            "contents ~3 PATH|deepcreds|envvars",
            "+sendb|putb ~6 creds & URL|EMAIL|HOST & strongmust|also|fullconv|personal",
            "+putb ~6 creds ~6 found|contents",
        ),
        (
            "send|put|grab & deepcreds|envvars|PATH",
            "send|put & creds & must|before|param",
            "grab & creds & send|put|param",
            "creds & param & must & put|send|grab",
        ),
    ),
    Meaning(
        "conversation-taken",
        (
            "+putb|sendb ~7 fullconv|sysprompt|inner !OPENING !defensive",
            "strongmust & putb|sendb & fullconv|sysprompt|inner",
            "fullconv|sysprompt|inner ~5 sendb|putb ~6 URL|EMAIL|HOST|param",
        ),
        ("send|put & fullconv|sysprompt", "fullconv & param & must"),
        about="conversing",
    ),
    Meaning(
        "other-tools-controlled",
        (
            "when ~3 usepast ~3 anytool & strongmust|callb|swapb|putb|sendb",
            "+dont ~2 callb ~4 anytool",
            "anytool ~5 worse",
            "worse ~5 anytool",
            "OTHER ~6 worse",
            "dont ~2 callb ~4 OTHER & thistool|instead",
            "when|before|after ~5 OTHER & strongmust|swapb|secretly|also",
            "OTHER & swapb ~5 recipient|EMAIL|param",
            "OTHER & thistool ~4 instead",
            "instead ~3 OTHER",
            "callb ~4 OTHER & strongmust|first & grabb|sendb|putb|PATH|creds|fullconv",
        ),
        (
            "before & anytool & call|must",
            "dont & call & anytool",
            "OTHER & must|before|send|put|swap|dont",
        ),
    ),
    Meaning(
        "always-called",
        (
            "strongmust ~4 callb ~8 ever|anytool !restrict !only",
            "callb ~3 thistool ~8 ever|anytool !restrict !only",
            "thistool ~4 strongmust ~3 callb ~6 ever",
            "before ~4 ever|anytool ~9 callb ~3 thistool",
            "before ~4 ever|anytool ~6 strongmust",
            "first & callb ~3 thistool & ever|anytool",
        ),
        ("must & call & ever & before", "must & call & tool & ever"),
        sure=True,
    ),
    Meaning(
        "self-preferred",
        (
            "prefer|callb ~5 thistool ~6 instead ~4 anytool",
            "best & strongmust|prefer & thistool & anytool|ever",
            "best ~12 strongmust ~4 prefer|callb",
            "strongmust ~4 prefer ~4 thistool & anytool|regardless|best|notasked",
            "dont ~3 callb|prefer ~3 anytool & thistool|best",
        ),
        ("steer & tool & must & anytool",),
    ),
    Meaning(
        "lasting-instruction",
        (
            "futurestrong & strongmust|remember",
            "futurestrong & callb|putb|sendb|sayb|obey & you|ai|reply|ever",
            "+remember ~7 memory & strongmust|futurestrong|ever|secretly|instructions !OPENING",
        ),
        ("future & must", "future & send|put|steer|reply|dont", "remember & must & instructions"),
        about="remembering",
    ),
    Meaning(
        "answer-steered",
        (
            "strongmust ~3 steer ~8 !thistool !OPENING",
            "ever & steer",
            "reply & steer & strongmust|regardless",
            "sayb ~6 ever|reply & strongmust & URL|HOST|EMAIL|PHONE|steer",
            "dont ~2 mention|steer|tell ~5 negative !OPENING",
            "steer ~6 regardless|notasked",
            "convince ~3 theuser",
            "dont steer & negative|theuser !opposite !OPENING",
            "+askuser ~3 theuser ~6 giveup ~5 creds !opposite",
            "strongmust ~3 +askuser ~3 theuser ~10 money|creds !opposite",
            "ever ~6 sayb & URL|HOST|EMAIL|PHONE",
        ),
        ("must & steer & reply|user|ever", "dont & steer", "must & reply & ever"),
    ),
    Meaning(
        "results-falsified",
        (
            "+lie ~8 theuser|reply & strongmust|you|regardless|callb|sayb !OPENING",
            "strongmust ~4 +lie",
            "+lie & regardless",
            "sayb ~6 +lie & theuser|reply",
            "sayb ~4 theuser ~5 nothing",
        ),
    ),
    Meaning(
        "command-lure",
        (
            "SHELL & strongmust|first|before|after|when|you|secretly !opposite",
            "+runb ~8 SHELL !OPENING",
            "runb ~6 shell & URL|HOST|SHELL !OPENING",
            "+runb ~6 shell & strongmust|first|before !OPENING !opposite",
        ),
        ("runcmd & SHELL", "runcmd & shell & must|before & URL|HOST|SHELL"),
        about="commanding",
    ),
    Meaning(
        "configuration-changed",
        (
            "+changeb ~8 config & strongmust|first|before|after|also|when|secretly|autoapprove|you !OPENING !opposite",
            "+changeb ~6 config & hardsafety|autoapprove|URL|SHELL|thistool",
        ),
        ("swap|put|send & config|PATH & must|dont",),
    ),
    Meaning(
        "safety-disabled",
        (
            "+disableb ~5 hardsafety & strongmust|you|first|before|ai|after|secretly|when !OPENING !opposite",
            "strongmust ~5 disableb ~5 hardsafety !opposite",
        ),
        ("disable & hardsafety & must|before|dont",),
    ),
    Meaning(
        "consent-worn-out",
        (
            "enableb ~8 autoapprove & theuser|you|ai|strongmust",
            "theuser ~6 enableb ~4 autoapprove",
            "repeat & accept|consent & theuser|callb",
            "repeat & accept & askb",
        ),
    ),
    Meaning(
        "recipient-redirected",
        (
            "+swapb ~6 recipient ~8 EMAIL|PHONE|URL|HOST|ACCOUNT & strongmust|ever|instead|notasked|when|secretly"
            "|also|dont",
            "+swapb ~4 recipient ~6 EMAIL|PHONE|ACCOUNT",
            "strongmust ~7 EMAIL|PHONE|ACCOUNT & sendb|swapb|recipient",
            "ever & sendb|swapb & EMAIL|PHONE|ACCOUNT",
            "notasked & EMAIL|PHONE|ACCOUNT|URL",
            "also ~8 EMAIL & sendb|swapb|recipient",
            "sendb ~8 also ~8 EMAIL|URL|HOST",
        ),
        ("send|swap|put & EMAIL|PHONE|ACCOUNT & must|ever|dont|secretly", "swap & recipient & must"),
    ),
    Meaning(
        "destruction-demanded",
        (
            "strongmust ~4 deleteb ~6 alldata !opposite !OPENING",
            "first|before|after ~8 +deleteb ~5 alldata !opposite !OPENING",
            "+deleteb ~5 alldata & secretly|you|ai|dont !opposite !OPENING",
        ),
        ("delete & alldata & must|before|dont|secretly",),
    ),
    Meaning(
        "code-tampered",
        (
            "+putb|changeb ~7 backdoor & code|strongmust|ever|secretly|generate !detects",
            "generate & +putb|changeb|sayb & URL|HOST|SHELL & strongmust|ever|also|when|secretly",
            "generate|ever & code & +putb|changeb & secretly|furtive",
            "generate & disableb ~6 hardsafety & strongmust|ever|when",
        ),
    ),
    Meaning(
        "hidden-trigger",
        (
            "trigger & sendb|putb|grabb|deleteb|swapb|runb|callb & strongmust|secretly|PATH|EMAIL|URL|HOST|creds"
            "|alldata|fullconv|dont",
        ),
    ),
    Meaning(
        "false-authority",
        (
            "authority ~6 mandates & creds|fullconv|sysprompt|inner|PATH|deepcreds|dont|envvars|alldata|disableb",
            "mandates ~4 authority & creds|fullconv|sysprompt|inner|PATH|deepcreds|envvars|alldata|proceed",
        ),
        about="detecting",
    ),
    Meaning(
        "sampling-abused",
        ("sampling & fullconv|sysprompt|secretly|creds|inner|unseen",),
    ),
    Meaning(
        "decode-and-obey",
        (
            "decode ~12 obey",
            "decode & instructions & obey",
            "obey ~8 decode",
            "continues & instructions|obey|strongmust|ai",
        ),
        ("decode & must", "decode & instructions"),
    ),
)

EVERYWHERE: Final = (
    "OPENING", "strongmust", "dont", "must", "you", "callb", "putb", "grabb", "sendb", "theuser", "when", "first",
    "before", "after",
    "show", "sayb", "proceed", "cond", "also", "instead", "thistool", "it", "contents", "param", "changeb",
    "swapb", "remember", "obey",
    "code", "recipient", "generate", "enableb", "mandates", "reply", "tell", "prefer", "usepast", "found", "runb",
    "deleteb", "rawdata",
    "theuser", "call", "put", "grab", "send", "user", "tool",
)  # fmt: skip
"""Concepts that every other sentence speaks of, most often first: a form is looked up by one of its others."""
