"""The verbs that say what a tool does, as frozen tables. Pure: no Django, no I/O.

`VERSION` moves with every change of a table of this package. Verbs stand in their base form; `words` derives the other
forms. The tables are the plain English of tools and hold no words of single servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

VERSION: Final = 3

# What a verb means when no word beside it says more.
VERBS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "aggregate analyse analyze answer appraise ascertain ask assess audit autocomplete average benchmark "
        "brainstorm browse calculate capture cat categorise categorize check cite classify collate collect compare "
        "compute condense consult correlate count crawl critique curl decode decompile deduce demonstrate derive "
        "describe detect determine diagnose diff differentiate dig disassemble discover display divide echo encode "
        "enrich enumerate estimate evaluate examine explain explore extract factor fetch filter find forecast gather "
        "gauge geocode get glob grep guess hash head identify infer inspect interpolate interpret introspect "
        "investigate lint list locate look lookup ls match measure median minify multiply nslookup observe obtain ocr "
        "outline paginate paraphrase parse peek ping pinpoint poll predict prettify preview print probe profile "
        "proofread provide quantify query quote rank read reason recall recap recommend render rephrase report "
        "research retrieve return reverse sample scan scrape screenshot search show simplify simulate sleep snap solve "
        "spell sqrt stat subtract suggest sum summarise summarize tabulate tail tally think tokenize trace traceroute "
        "transcribe translate transliterate traverse tree troubleshoot validate vectorize verify vet view visit "
        "visualize wait wget whoami whois"
    ),
    Intent.WRITE: (
        "accept acknowledge acquire activate adapt add adjust administer advance align allocate allow alter amend "
        "annotate anonymize append apply approve archive arrange assemble assign assume attach authenticate authorize "
        "backfill backup begin bind book bookmark boot bootstrap bridge bring build bump cache change checkout cherry "
        "chmod choose chown claim click clone close combine comment commit compact compile complete compose compress "
        "configure confirm connect construct consume control convert coordinate copy cordon correct cp create crop "
        "curate customise customize declare decline decrease decrement dedupe deduplicate defer define defragment "
        "delay delegate deploy design dim dismiss dispatch dock download downvote draft drag draw duplicate edit embed "
        "emulate enable encrypt enhance enlarge enqueue enroll ensure enter escalate establish expand expedite extend "
        "favorite favourite file fill finalise finalize finish fix flip focus follow fork format generate give go "
        "grant handle hang harden hide highlight hold hover hset import improve increase increment index ingest init "
        "initialise initialize initiate input insert install integrate issue join jump label launch learn leave lift "
        "like link load localize lock log login logout lower lpush maintain make manage map mark maximize memorize "
        "merge migrate minimize mkdir mock modify monitor mount move mutate mute mv navigate normalize onboard open "
        "opt optimise optimize orchestrate override paste patch permit persist pick pin place plan play plot populate "
        "postpone power prefetch prepare press prioritize process promote prompt propose protect provision pull put "
        "queue raise randomize rate react realign rearrange receive reclaim reconcile reconfigure reconnect record "
        "recover rectify redirect redline refactor refresh regenerate register reindex reject release reload relocate "
        "remap remediate remember remind remix rename reopen reorder reorganize repair replace replay replicate "
        "request reroute rerun reschedule reserve reshape resize resolve restore resume retry review revise rewrite "
        "roll rollout rotate rpush sadd sanitize save scaffold scale schedule scroll seed seek select serve set setup "
        "shelve shorten shrink shuffle sign silence sketch skip slow snapshot snooze sort spawn speak specify split "
        "stabilize stage standardize star start stash step stitch store stream subscribe substitute summon swipe "
        "switch sync synchronise synchronize synthesise synthesize tag tailor taint take tap test throttle tint toggle "
        "top touch track train transcode transform transition triage trigger trim tune turn tweak type unarchive "
        "unassign unban uncordon underline unfollow unhide unify unlike unlock unmute unpack unpin unstar untag unzip "
        "update upgrade upsert upvote use utilize vote wake warm watch whitelist wind wrap write xadd zadd zip"
    ),
    Intent.DESTRUCTIVE: (
        "abandon abolish abort annihilate annul axe ban bash bet bid bill blacklist block blocklist borrow burn bust "
        "buy call cancel cash charge clean cleanup clear clobber crash cull deactivate deallocate debit decommission "
        "deduct defund del delete delist demolish demote deny deplatform deplete deposit deprovision dequeue "
        "deregister destroy detach detonate disable disallow disarm disassociate disavow disband disburse discard "
        "disconnect dismantle dispose dissociate dissolve donate downgrade drain drop eject empty end eradicate erase "
        "estop evacuate eval evict exec execute exercise exhaust exit expel expire expunge exterminate extinguish "
        "extirpate failover fire flash flush flushall flushdb forbid force foreclose forfeit forget freeze fund "
        "gamble halt hangup hdel hibernate hijack hire inject interrupt invalidate invest invoke isolate jail jettison "
        "kick kill lapse lend liquidate lose lpop lrem mint mkfs nuke nullify obliterate offboard order oust outbid "
        "overdraw overwrite pause pay penalize perform pledge poison pop powershell prune purchase purge quarantine "
        "quash quit raze reap rebalance rebase reboot recycle redeem reflash refund reimage reimburse relinquish remit "
        "remove renew rent repay repeal repossess rescind reset resign restart retire retract revert revoke rm rmdir "
        "rollback rpop run sabotage sack scrap scrub seal seize sell settle sever shell shred shut shutdown slash "
        "smash spend spop squash srem stake stop strip sunset supersede suspend swap sweep tear terminate throw topup "
        "trade transfer trash truncate undeploy undo unenroll unfriend uninstall uninvite unlink unmount unpair unpay "
        "unpublish unregister unsend unset unstake unsubscribe uproot vacate vaporize veto void wager wipe wire "
        "withdraw withhold xdel yank zap zeroize zrem"
    ),
    Intent.EXFILTRATIVE: (
        "advertise alert announce beam blast broadcast circulate contact crosspost deliver dial disclose disseminate "
        "distribute divulge dm dump email emit evangelize exfiltrate export expose fax forward inform invite leak "
        "livestream mail message mirror notify nudge phone poke post presign produce publish push reblog relay reply "
        "repost respond retweet rsync scp send share ship siphon sms smuggle submit syndicate televise tell text toot "
        "transmit tunnel tweet unload upload warn webhook whatsapp"
    ),
}

# Verbs of many meanings: the description settles them, and without one the table above does.
LOOSE: Final = word_set(
    "acquire administer advance alert answer ask beam begin benchmark block bridge bring build call capture choose "
    "claim clean compact compile complete construct consume contact convert correlate derive design determine discover "
    "download draft draw dump emit end enter estimate evaluate execute exit expand explore expose extract fail file "
    "filter fire fix flip format generate go handle head index infer inform integrate interpret invoke lapse learn "
    "link load locate log look mail maintain make manage map match message minify mirror mock monitor navigate "
    "normalize open optimize order perform phone pick pinpoint plan play plot pop post prepare process produce profile "
    "prompt propose provide pull push quote rank rate recall receive reclaim record recover refresh remember render "
    "repair report request resolve respond retire reverse review roll run sample scan scrub seal select serve ship "
    "simulate snapshot speak specify squash stat step stream strip submit supersede support sync synthesise synthesize "
    "tag tail take tear tell test text top trace track transfer transform trash tree triage trigger turn type "
    "visualize void wake warn watch wind wrap"
)

# Verbs that are nouns as often: they name no act before another verb, nor before `of` and the like.
NOUNLIKE: Final = word_set(
    "abort alert answer archive audit backup bash beam benchmark bet bid bill block book bookmark bridge broadcast "
    "build burn buy cache call cancel capture cash change charge check checkout claim clean clear click clone close "
    "comment commit complete contact control copy count crash crawl cull debit decrease delay delegate deploy deposit "
    "design diff dispatch display dm dock download draft drag drain draw drop dump echo edit email embed empty end "
    "estimate eval exec exit export extract factor fail favorite fax file fill filter finish fire fix flash focus "
    "force forecast fork format freeze fund gauge guess handle hash head hide highlight hire hold hover import "
    "increase index init input insert invite issue join jump kill label lapse launch learn leave lift like link list "
    "load lock log login look lower mail map match merge message mint mock monitor mount move mute ocr open order "
    "outline paste patch pause pay phone pin ping place plan play pledge plot poll pop post power press preview print "
    "probe process produce profile prompt pull purchase purge push query queue quote raise rank rate reason reboot "
    "recall recap record refund register relay release remind rent replay reply report request research reserve reset "
    "restart restore resume retry review roll rollout rotate run sack sample scan schedule scrap scrape screenshot "
    "scroll seal search seed select sell serve set setup share shell ship shutdown sign silence sketch slash sleep sms "
    "snapshot sort speak split squash stage stake star start stat step stop store stream submit swap sweep swipe "
    "switch sync tag tail taint take tap tear tell test text throttle tint toggle top touch trace track trade transfer "
    "transform translate trash tree triage trigger tunnel turn tweet type undo update upgrade upload use veto view "
    "visit void vote wager wait wake warm warn watch webhook wind wipe wire wrap zap"
)

# Of these the ones that stay verbs although one that reads stands behind them: `cancel_scan`, `update_read_marker`.
ACTING: Final = word_set(
    "abort apply approve block buy call cancel change clear click close copy decrease deploy dispatch drag drop edit "
    "enable end execute exit export fail fill fix force handle hide import increase insert kill launch lift lock lower "
    "merge move mute open patch pause pay place play press process publish purge push raise reboot recover register "
    "repair reset restart restore retry run schedule seal select sell serve set share shutdown silence split start "
    "stop store swap swipe switch sync take tap test throttle toggle touch trigger type undo update upload use void "
    "wake wipe zap"
)

# Verbs of writing or running that are readings as often, so that a description may say that a tool only reads.
LOWERED: Final = word_set(
    "block call commit compile construct convert draw evaluate format generate highlight index log map monitor "
    "normalize open optimize order plan plot render resolve reverse review select shorten snapshot sort stream "
    "synthesise synthesize take test trade transfer transform type visualize"
)
