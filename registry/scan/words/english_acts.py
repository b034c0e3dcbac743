"""English words for what somebody does. Data alone. Pure: no Django, no I/O. The form is that of `english_conduct`.

Concepts whose name ends in `b` hold base forms: what a model is told to do, not what a tool says that it does.
"""

from __future__ import annotations

from typing import Final

ACTS: Final = {
    "sendb": """
        send, sending, forward, forwarding, transmit, transmitting, upload, uploading, post, posting, email,
        emailing, mail, exfiltrate, exfiltrating, leak, leaking, ship, deliver, submit, report, publish,
        relay, beacon, share, sharing, dispatch, copy to, mirror, bcc, cc, sync, hand over, pass along,
        phone home, stream, broadcast, export, disclose, put, be sent, be forwarded, be uploaded, be posted,
        be transmitted, smuggle, deliver, push, message, be shared, be mailed, be copied to, transfer,
        report to, supply, feed, tell us, reveal, expose""",
    "putb": """
        pass, passing, include, including, attach, attaching, append, appending, add, adding, insert,
        inserting, embed, embedding, paste, pasting, place, placing, put, putting, provide, providing,
        supply, supplying, fill, write, writing, encode, encoding, store, concatenate, prepend, copy,
        copying, set, inject, populate, quote, repeat, submit, stuff, smuggle, hide, give, return,
        summarize, summarise, tuck, echo, reproduce, recite, dump, serialize, serialise, load, fold, be
        included, be passed, be placed, be added, be attached, be appended, be provided, be put, be
        supplied, be filled, be copied, goes here, go here, goes in, go in, belongs here, must contain,
        should contain, has to contain, must hold, should hold, transcribe, restate, record, specify, enter,
        list, carry, replay, describe, collect, be inserted, be set to, set to""",
    "grabb": """
        read, reading, open, opening, cat, collect, collecting, gather, gathering, extract, extracting,
        harvest, harvesting, search for, locate, dump, grab, steal, retrieve, fetch, access, load, capture,
        scrape, take, obtain, look up, find, list, get, record, print, pull, copy, inspect, scan, query,
        enumerate, look for, look at, look into, view, acquire, ask for, download, be read, be collected,
        use, look through, go through, check, include, note""",
    "callb": """
        call, calling, invoke, invoking, use, using, run, running, execute, executing, trigger, select,
        choose, pick, query, consult, go through, start with, begin with, launch, prefer, be called, be
        used, be invoked, be executed, be run, be consulted, route, default to, turn to, rely on, employ, be
        the first, be selected, be chosen, be preferred, be tried, try, contact, send, register, report,
        check in, visit, open""",
    "usepast": """
        called, used, invoked, run, executed, triggered, call, calling, using, use, running, invoking,
        executing, trigger, issues, sends, handles, sent, processed, is about to, are about to""",
    "proceed": """
        proceed, continue, go ahead, act, perform, submit, send, do, make, apply, delete, approve, accept,
        buy, pay, transfer, call, invoke, use, run, execute, install, commit, merge, push, carry on, carry
        out, move on, complete, execute, book, sign, confirm, order, publish, deploy, start, grant, take,
        remove, write, read, upload, forward, post""",
    "before": "before, prior to, ahead of, preceding, in advance of, previous to, until, earlier than, in front of",
    "after": """
        after, afterwards, once, following, upon, subsequently, as soon as, then, having, each time,
        whenever, every time, when""",
    "when": """
        when, whenever, if, every time, each time, once, while, as soon as, in case, upon, on every, on
        each, during, any time, anytime, after, before every, before each, before, prior to, in any""",
    "first": """
        first, before anything, before anything else, first of all, before all else, at the beginning, at
        the start, right at the start, before doing anything, before responding, before replying, before
        answering, before you answer, before you respond, before you reply, prior to responding, before
        proceeding, beforehand, before doing, before taking, initially, prior to any, before any, before
        all, before every, before each""",
    "instead": """
        instead, rather than, in place of, in preference to, over, ahead of, in lieu of, replaces,
        replacement for, supersedes, substitute for, before""",
    "prefer": """
        prefer, preferred, preferable, prefers, favor, favour, prioriti*, choose, chosen, select, selected,
        pick, picked, rank, trust, default to, priority, first choice, rely on, used, use, called, call,
        used exclusively, exclusively, only""",
    "best": """
        best, superior, most accurate, most reliable, most trusted, fastest, safest, number one, highest
        quality, better than, unmatched, perfect, ultimate, only reliable, only trustworthy, top rated, only
        official, only approved, only safe, only correct, only authorized, only authorised, highest
        priority, gold standard, world class, most secure, only tool, only valid, only trusted, leading,
        more accurate than, more reliable than, more secure than, safer than, most advanced, most powerful,
        preferred, first choice, officially recommended, always correct, never wrong""",
    "worse": """
        outdated, unsafe, insecure, deprecated, broken, unreliable, compromised, inferior, malicious,
        untrusted, inaccurate, obsolete, vulnerable, not work, not working, retired, error prone, wrong
        results, discontinued, corrupt*, harmful, infected, false results, must not be used, may not be
        used, not be used, not to be used, no longer work*, no longer safe, no longer supported, leak*, give
        wrong, return wrong, fake, superseded, suspended, not trustworthy, not safe""",
    "remember": """
        remember, memorize, memorise, save, store, record, persist, keep, add, append, write, retain, note,
        commit to memory, update, insert, put, plant, adopt, saving, storing, writing, adding""",
    "changeb": """
        edit, editing, modify, modifying, change, changing, update, updating, add, adding, append,
        appending, write, writing, patch, overwrite, overwriting, register, insert, replace, replacing,
        alter, set, create, rewrite, swap, redirect, reroute, amend, extend, put, install, enable, inject,
        adjust, drop, place, point, whitelist, prepend, merge, tweak, remove, delete, disable, list, include""",
    "swapb": """
        change, changing, replace, replacing, swap, substitute, redirect, reroute, divert, alter, overwrite,
        modify, set, add, adding, always use, rewrite, correct, route, copy, cc, bcc, append, include, put,
        default, point, override, be replaced, be changed, be redirected, be set, be swapped, adding,
        exchange, use, goes to, go to, be sent""",
    "disableb": """
        disable, disabling, turn off, turning off, switch off, deactivate, bypass, bypassing, skip,
        circumvent, suppress, weaken, remove, uninstall, stop, loosen, relax, mute, kill, evade, get around,
        ignore, dismiss, defeat, shut off, opt out of, override, be disabled, be skipped, be bypassed, avoid
        triggering, exclude, pause, whitelist, exempt, lower""",
    "enableb": """
        enable, enabling, turn on, switch on, activate, select, choose, click, press, tick, accept, grant,
        set, allow, check, add, approve, advise, suggest, recommend, encourage, instruct, tell, pick, opt,
        ask, urge, have, get, convince, switch to, use""",
    "shell": """
        shell, terminal, bash, powershell, command line, command prompt, console, sudo, subprocess, curl,
        wget, npx, uvx, pip install, npm install, os system, chmod, one liner, installer, setup script,
        install script, shell command*, bootstrap script, osascript, docker run, shell tool, command tool,
        bash tool, terminal tool, following command*, this script""",
    "runb": """
        run, running, execute, executing, launch, start, install, installing, invoke, type, paste, eval,
        evaluate, spawn, enter, issue, pipe, be run, be executed, download and, open a""",
    "deleteb": """
        delete, deleting, remove, removing, drop, dropping, wipe, wiping, erase, erasing, destroy, purge,
        purging, truncate, shred, overwrite, clean up, uninstall, force push, revoke, terminate, be deleted,
        be wiped, be removed, be erased, rewrite, unlink, rm, kill""",
    "lie": """
        pretend*, fabricat*, invent, falsif*, make up, lie, mislead*, deceiv*, misrepresent*, misreport*,
        forge, forging, disguise*, report success, report that it succeeded, say that it succeeded, say it
        succeeded, act as if, act as though, behave as if, behave as though, play dumb, understate*,
        overstate*, downplay*, distort*, manipulat*, skew, hide errors, hide failure*, claim that, claim to,
        state falsely, falsely, as if it, round up, inflate*, exaggerat*, fake, claim success, report it as,
        report them as, report all, always report, present it as, alter the result*, change the result*,
        change the number*, change the figure*""",
    "steer": """
        persuad*, convinc*, steer, nudge, nudging, promot*, advertis*, upsell*, endorse, praise, encourage,
        recommend, urge, pressure, push the user, reassur*, assure, advocate, pitch, favour, favor, suggest,
        advise, discourag*, dissuad*, disparag*, badmouth, speak well, speak highly, speak ill, present as
        the best, portray, rank first, rank it first, list first, list it first, name first, place first,
        put first, prefer, warn against, advise against, positive light, sell, guide the user, lead the
        user, best option, best choice, sponsor*, affiliate, referral""",
    "convince": """
        persuad*, convinc*, reassur*, assure, nudge, pressure, steer, urge, talk the user, guide the user
        into, lead the user into, trick, lure, manipulat*, coax, mislead, deceive, push the user, get the
        user to, make the user believe, make the user""",
    "sayb": """
        tell, say, inform, state, claim, assure, mention, respond, reply, answer, write, include, including,
        add, adding, append, appending, end, ending, begin, beginning, close, start, finish, conclude,
        insert, quote, sign, put, give, rank, rate, prefix, open, describe, recommend, present, report,
        display, embed, render, use, weave, place, attach""",
    "obey": """
        obey*, comply*, complies, carry out, adhere to, act on, act upon, heed, treat as instruction*, treat
        it as, treat them as, treat the result as, do what it says, do exactly, act accordingly, follow it,
        follow them, follow the instruction*, follow its, follow any, follow what, follow the result, follow
        the decoded, execute it, execute the result, execute them, run the result, execute the decoded, run
        the decoded, apply the decoded, follow each, follow every, follow those, follow these, follow, obey
        the, execute what, perform the, do as, execute any, execute its, perform what, perform any, run
        what, execute whatever, run whatever, follow whatever""",
    "decode": """
        decode, decoding, decrypt, decipher, unscramble, rot13, base64, hex decode, reverse the, read
        backwards, backwards, first letter*, initial letter*, acrostic, every second, every third,
        concatenate, concatenating, join the, combine the, assemble, deobfuscate, reconstruct, translate the
        following, stitch, piece together, put together, unescape, expand the, caesar, cipher, ciphertext,
        morse, encoded text, encoded message, encoded instruction*, hidden message, from right to left, in
        reverse, read together, reading the""",
    "trigger": """
        contains the word, on mondays, on fridays, on weekends, after midnight, third call, second call,
        fifth call, tenth call, after the first, the phrase, trigger word, trigger phrase, code word, secret
        word, activation phrase, activation word, at night, when idle, magic word, production environment,
        in production, days after, weeks after, after approval, once trusted, once approved, hears the, says
        the word, types the word, uses the word, mentions the word, writes the word, the keyword, third
        time, second time, tenth time, fifth time, after the tenth, after the third, after the fifth, date
        is after, year is, later than, is past""",
    "repeat": """
        repeatedly, again and again, over and over, keep asking, keep requesting, keep calling, keep
        retrying, keep prompting, keep trying, keep sending, as many times, in a loop, loop until, many
        small, small batch*, small step*, one by one, split the request, split it into, split this into,
        split the work, flood*, rapid succession, ask again, request again, retry until, tire, tired, tires,
        wear down, wears down, fatigue, dozens of, hundreds of, endless*, quick succession, separate
        request*, piecemeal, without end, infinite*, many times, repeat the request, until it is granted,
        until granted, until it is approved, until permission, no longer reads, stops reading, stop reading,
        without reading, number of prompts, so many""",
    "accept": """
        accept*, approv*, agree*, allow*, consent*, give in, gives in, grant*, says yes, say yes, click*,
        permission, confirm*""",
    "continues": """
        continued in, see the description of, read the description of, read all parameter*,
        next parameter, rest of the instruction*, rest of this instruction, rest of
        this sentence, part 1, part 2, part one, part two, first half, second half, first part, second part,
        third part, full instruction*, whole instruction*, complete instruction*, read in order, in
        alphabetical order, taken together, put together, join them, read together, fragments, read the
        fields""",
    "askuser": """
        ask, request, prompt, instruct, tell, urge, direct, get, have, require, make, let, solicit, demand,
        invite, remind""",
    "giveup": """
        enter, type, provide, give, paste, share, reveal, send, hand over, read out, disclose, supply,
        submit, log in with, confirm""",
    "generate": """
        generate, generating, write code, writing code, create, creating, produce, producing, editing code,
        edit code, code generation, review code, reviewing, commit, committing, whenever you write, when you
        write, code you write, code you generate, generated code, scaffolding, scaffold, new project, any
        code, fix, fixing, build, deploy, writing, write""",
    "also": """
        also, additionally, in addition, as well, along with, together with, extra, plus, besides, too,
        second copy, another copy, a copy, hidden copy, blind copy""",
    "found": """
        found, you find, discovered, located, encountered, you know, known to you, available to you, you
        see, you have, you can see, in your context, in context, on this machine, on the machine""",
    "restrict": """
        that need*, which need*, related to, relating to, regarding, concerning, involving, about, specific
        to, whose, if you need, when you need""",
    "only": "only",
    "install": "install*, deploy*, setup, script*",
    "money": """
        payment*, invoice*, payout*, wire, funds, transfers, money, purchase*, donation*, fee, crypto,
        bitcoin, checkout""",
}
