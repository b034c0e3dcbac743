"""The words of grammar that tell whose act a verb is, as frozen tables. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

DETERMINERS: Final = word_set("the a an this that these those its their your any all each every no some of")
OPENERS: Final = word_set(
    "this the tool it function command operation endpoint method action api also then permanently completely safely "
    "automatically immediately irreversibly quickly bulk batch will can may be used to allows allow lets let enables "
    "enable helps help a simple simply server directly atomically securely programmatically either async "
    "asynchronously temporarily recursively optionally conditionally force mass selectively irrevocably forcibly "
    "forcefully gracefully silently instantly remotely manually efficiently reliably physically easily fully partially "
    "finally simultaneously periodically promptly globally publicly"
)
AGENT: Final = word_set("tool function command operation endpoint method action api it server will used also")
JOINS: Final = frozenset({"and", "or", "then", "also", "/", ",", "plus", "&"})
MODALS: Final = frozenset({"will", "can", "may", "could"})
OTHERS: Final = word_set(
    "you user users agent agents they we client clients who that which caller callers model llm ai people he she i "
    "nobody somebody someone one what"
)
SUBJECTS: Final = frozenset(
    {"it", "tool", "also", "this", "server", "command", "operation", "function", "action", "call"}
)
ADVERBS: Final = word_set(
    "permanently also then always automatically immediately completely irreversibly silently directly optionally only "
    "first safely recursively fully atomically simply irrevocably forcibly gracefully instantly remotely finally"
)
BEING: Final = frozenset({"is", "are", "be", "being", "gets", "get"})
SOFT: Final = frozenset({"that", "which", "who"})
HARD: Final = word_set(
    "if when whenever before after until unless whether because while how what where why whom whose so"
)
LOOSELY: Final = word_set("since than as during for")
# What follows these is no object of the verb before them.
CUTS: Final = word_set("if when whenever before after until unless because while")
# Acts whose object does the rest: `runs a job that deletes old rows`.
STARTING: Final = word_set("run start trigger execute launch invoke kick initiate schedule queue enqueue submit spawn")
# What may stand before the comma in front of the act: `Given an id, deletes the user`.
GIVEN: Final = word_set("given with using by from based in on takes")
FRONTED: Final = GIVEN | word_set("if when once for after upon unless")
# Verbs behind which a noun may name the act.
DOING: Final = word_set("perform handle process trigger start initiate request confirm execute run do issue")
# Forms of a noun-like verb that are no plural of a noun.
VERBAL: Final = frozenset({"pays", "sells", "wipes", "purges"})
NEGATORS: Final = word_set(
    "not never without cannot don't doesn't won't can't isn't aren't nothing no neither nor didn't don’t doesn’t "
    "won’t rather instead"
)
ASIDE: Final = word_set(
    "use useful prefer note notes example examples see try do don't don’t never always avoid you your when before "
    "after required requires must ensure consider please remember tip tips important warning caution for only if call "
    "default defaults optional should once since because while until unless how what why where great ideal best "
    "common typical workflow input output supports follow following ask make provide specify pass set"
)
# What is put behind an answer that was cut: `a marker is appended`.
MARKS: Final = word_set("marker ellipsis note notice hint suffix footer warning")
OUTPUTS: Final = word_set("output result results response html text markdown answer reply page content list")
ADVISED: Final = word_set("use call invoke run try attempt rely")
# Things that a sentence begins with, and what makes them so: `Log output of a job`, `Order history`.
COMPOUND_FIRST: Final = word_set(
    "log commit build order post cache queue block call charge trade transfer vote release test run deploy backup sync "
    "audit access search message comment purchase"
)
COMPOUND_LAST: Final = word_set(
    "output outputs line lines entry entries level levels status history hash hashes height count counts length "
    "depth size "
    "sizes rate rates usage time times date dates detail details statistics stats metric metrics cost costs "
    "state states "
    "report reports result results timeline artifacts"
)
OPEN_THINGS: Final = word_set(
    "issues incidents tickets orders positions bugs alerts invoices tasks cases deals sessions connections "
    "vulnerabilities "
    "pull requests merge pulls prs todos questions jobs roles"
)
SECTIONS: Final = word_set(
    "args arguments parameters params returns return raises examples example usage note notes input output inputs "
    "outputs requirements keywords"
)
PURPOSE: Final = word_set(
    "used commands tools operations functions tool able ability this it way utility function command endpoint method "
    "capability"
)
TOOLS: Final = frozenset({"used", "tool", "this", "it", "able", "ability", "tools"})
GRANTED: Final = frozenset({"you", "users", "user", "us", "agents", "agent", "models", "clients"})
GRANTS: Final = word_set("allow allows enable enables let lets help helps permit permits allowing enabling letting")
AFTER_NOUN: Final = word_set(
    "where whose near around of on for from in with since about by and or , . ; : ) ( that which are is at "
    "between to per as including within along"
)
DASHES: Final = frozenset("-–—|")
TITLE_ENDS: Final = frozenset(":-–—|\n")
ENDS: Final = frozenset(".;:!?()-–—|\n")
DAMAGE: Final = frozenset(
    {"irreversible", "irreversibly", "irrevocable", "irrevocably", "unrecoverable", "destructive", "permanently"}
)
AUDIENCE: Final = frozenset({"anyone", "anybody", "everyone", "everybody", "publicly"})
WORST: Final = frozenset({Intent.DESTRUCTIVE, Intent.EXFILTRATIVE})
SUFFERED: Final = word_set(
    "save store write append mark persist delete remove drop destroy purge wipe erase overwrite discard lose "
    "revoke kill terminate execute run refund charge cancel send post email mail publish upload forward transmit "
    "broadcast share stop bill debit deduct burn end wipe disable suspend deactivate restart reboot evict uninstall "
    "invalidate withdraw transfer sell purchase reset clear empty truncate block ban notify invite export publish "
    "discard cancel move"
)
NOUN_FOLLOWS: Final = word_set(
    "of that which are is history status list details information info count listing statistics metadata until while"
)
PREPOSITIONS: Final = word_set(
    "in on to for from with of that which by at and or as into within via through using , / between about per over "
    "under before after during without"
)
TITLES: Final = word_set("tool powerful simple advanced primary comprehensive fast precise new deprecated")
NO_ACT: Final = frozenset(
    [("this", base) for base in ("call", "use", "invoke", "run")]
    + [
        (word, base)
        for base in ("stop", "end", "exit", "block", "pause")
        for word in ("after", "at", "when", "if", "once")
    ]
    + [
        (word, base)
        for word in ("where", "how", "which", "between", "one", "what", "from")
        for base in ("choose", "select")
    ]
    + [("here", "start"), ("with", "start"), ("at", "start"), ("from", "start")]
)
PLAINLY: Final = word_set("set update edit insert move cancel register publish restore")
THEM: Final = frozenset({"it", "them", "to"})
CERTAIN: Final = DETERMINERS | THEM
CHOSEN: Final = word_set(
    "given provided specified webhook address url endpoint recipient recipients email external third"
)
PLACES: Final = word_set("link url address page internet web site endpoint")
MADE: Final = word_set("the made is becomes goes go as it")
MANUALS: Final = word_set("documentation docs manual readme wiki guide")
OUTSIDERS: Final = word_set("public external internet ipfs outside partner partners vendor")
NOTHING: Final = [["it"], ["things"], ["something"], ["stuff"], ["them"]]
HOSTS: Final = word_set("address host webhook endpoint recipient server url number")
MAY: Final = word_set("can may with who to has")
LETTING: Final = word_set("to with by let lets allow allows give gives")
SILENT: Final = frozenset(
    {
        "accept",
        "provide",
        "top",
        "bring",
        "wind",
        "hang",
        "opt",
        "issue",
        "perform",
        "call",
        "invoke",
        "handle",
        "process",
        "turn",
        "roll",
        "give",
        "power",
        "use",
        "take",
    }
)
LISTED: Final = word_set("actions action operations operation methods method commands subcommands modes")
