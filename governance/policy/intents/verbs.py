"""The verbs that say what a tool does, as frozen tables. Pure: no Django, no I/O.

`VERSION` moves with every change of a table of this package. Verbs stand in their base form; `words` derives the other
forms. The tables are the plain English of tools and hold no words of single servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

VERSION: Final = 5

# What a verb means when no word beside it says more.
VERBS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "aggregate analyse analyze answer appraise approximate ascertain ask assess attest audit autocomplete average "
        "benchmark brainstorm browse calculate canvass capture cat categorise categorize check cite classify collate "
        "collect compare compute condense consult contemplate contrast correlate corroborate count crawl critique "
        "crosscheck curl debug decipher decode decompile deduce demonstrate deobfuscate dereference derive describe "
        "detect determine diagnose diff differentiate dig disambiguate disassemble discern discover display dissect "
        "distinguish divide echo elicit elucidate encode enquire enrich enumerate estimate evaluate examine exemplify "
        "explain explore expound extract extrapolate eyeball factor fetch filter find fingerprint forecast foresee "
        "foreshow foretell gather gauge geocode geolocate get glean glob grep guess harvest hash head hunt identify "
        "illustrate infer inquire inspect interpolate interpret interrogate introspect investigate itemise itemize "
        "judge lemmatize lint list listen locate look lookup ls match measure median mine minify multiply narrate "
        "nslookup observe obtain ocr outline paginate paraphrase parse peek peruse ping pinpoint poll ponder predict "
        "preflight present prettify preview print probe profile pronounce proofread provide quantify query quiz quote "
        "rank read reason recall recap recheck recite reckon recognise recognize recollect recommend recompute "
        "recount reflect reminisce render rephrase report requery "
        "rerank reread research retrieve return reverse sample scan "
        "score scout scrape screenshot scrutinise scrutinize search segment sense show sift simplify simulate skim "
        "sleep snap sniff solve spell spot sqrt stat study substantiate subtotal subtract suggest sum summarise "
        "summarize summate surface surveil survey tabularise tabularize tabulate tail tally think tokenise tokenize "
        "total trace traceroute transcribe translate transliterate traverse trawl tree triangulate troubleshoot "
        "understand unfurl unscramble unshorten validate vectorize verify vet view walk visit visualise visualize wait "
        "weigh wget whoami whois wonder yield"
    ),
    Intent.WRITE: (
        "accept acknowledge acquire activate adapt add adjust administer adopt advance affix align allocate allow "
        "alter amend anchor animate annotate anonymize append apply approve archive arm arrange assemble assign "
        "assume attach authenticate authorize backfill backup beautify begin bind blend book bookmark boot "
        "bootstrap bridge bring bucketize build bulletproof bump bundle cache calibrate caption change checkin "
        "checkout cherry chmod choose chown claim click clone close codesign codify collapse colorize combine "
        "commence comment commit compact compile complete compose compress configure confirm connect consolidate "
        "construct consume containerize contribute control convert coordinate copy cordon correct cp create crop "
        "curate customise customize cut declare decline decorate decrease decrement dedupe deduplicate defer define "
        "deflate defragment delay delegate denoise deploy design dim dismiss dispatch dock dockerize download "
        "downscale downvote draft drag draw duplicate earmark edit elevate embed embellish embolden emulate enable "
        "encrypt enhance enlarge enlist enqueue enrol enroll ensure enter escalate establish etch expand expedite "
        "extend fabricate fasten favorite favourite file fill finalise finalize finetune finish fix flatten flesh "
        "flip focus follow fork format furnish generate give go grant hand handle hang harden hardlink hide highlight "
        "hoist hold hover hset illuminate import improve incorporate increase increment indent index inflate ingest "
        "init initialise initialize initiate input inscribe insert install instantiate institute integrate introduce "
        "invent issue join jot jump keep label launch learn leave lengthen lessen lift like link load localize lock "
        "log login logout lower lpush magnify maintain make manage map mark maximize memorize mend migrate "
        "minimize mkdir mock modify monitor mount move mutate mute mv navigate nest nominate normalize note onboard "
        "open opt optimise optimize orchestrate overdub overlay override pad paint pair park paste patch permit "
        "persist photoshop pick pin place plan play plot populate postpone power prefetch prefill preload prepare "
        "prepend press pretrain prime prioritize process produce promote prompt propagate propose protect "
        "provision pull put "
        "quantize queue raise randomize rate ratify react realign reallocate rearm rearrange reassign reattach rebook "
        "rebuild recast recategorize receive reclaim reclassify recolor recolour reconcile reconfigure reconnect "
        "reconstruct record recover recreate rectify redirect redline redo redraw reduce refactor reformat refresh "
        "regenerate register regroup rehome reimport reindex reinstate reject rejoin relabel relate release reload "
        "relocate remap remediate remember remind remix remodel rename renumber reopen reorder reorganize repair "
        "reparent replace replay replenish replicate repoint reposition reprint reprioritize reprocess reprogram "
        "request requeue reroute rerun resample reschedule resequence reserve reshape resize resolve restock restore "
        "restructure resubmit resume retag retarget retime retitle retouch retrain retry review revise rewind rewire "
        "rework rewrite roll rollout rotate rpush sadd sanitize save scaffold scale schedule scroll sculpt seed seek "
        "select sequence serve set setup sharpen shelve shorten shrink shuffle sign silence sketch skip slow smooth "
        "snapshot snooze soften sort spawn speak specify split stabilize stage stamp standardize star start stash "
        "steer step stitch store stow stream stretch stylize subscribe substitute subtitle summon swipe switch "
        "symlink sync synchronise synchronize synthesise synthesize tag tailor taint take tap test tether throttle "
        "tidy tighten tilt tint toggle top touch trash track train transcode transform transition transpose "
        "triage trigger "
        "trim tuck tune turn tweak type unarchive unassign unban unblock uncheck uncordon undelete underline unfold "
        "unfollow unfreeze ungroup unhide unhold unify unlike unlock unmute unpack unpause unpin unsilence unsnooze "
        "unstage unstar unstash unsuspend untag unwatch unzip update upgrade upscale upsert upvote use utilize vary "
        "vote wake warm watch whitelist widen wind wrap write xadd zadd zip zoom"
    ),
    Intent.DESTRUCTIVE: (
        "abandon abolish abort annihilate annul autopay axe ban banish bash bet bid bill blackhole blacklist block "
        "blocklist blot borrow bulldoze burn bust buy call cancel cancelorder cash charge chop clean cleanup clear "
        "clobber confiscate corrupt countermand crash cull deactivate deallocate deauthorise deauthorize debit "
        "decimate decommission deduct deface defund del delete delink delist demolish demote deny deplatform deplete "
        "deport depose deposit deprive deprovision dequeue deregister destroy detach detain dethrone detokenize "
        "detonate dewhitelist disable disallow disarm disassociate disavow disband disbar disburse discard discharge "
        "disconnect discontinue disenrol disenroll disentitle disinvite dislodge dismantle dismember disown dispose "
        "disqualify disrupt dissociate dissolve ditch divest donate downgrade drain drop eject eliminate empty end "
        "eradicate erase erode estop evacuate eval evaporate evict excise exec execute exercise exhaust exit expel "
        "expend expire expropriate expunge expurgate exterminate extinguish extirpate failover fire flash flush "
        "flushall flushdb forbid force foreclose forfeit forget freeze fund furlough gamble gut halt hangup hdel "
        "hibernate hijack hire impound inactivate incapacitate incinerate inject interrupt invalidate invest invoke "
        "isolate jail jettison jilt junk kick kill killswitch lapse layoff lend liquidate lockdown lockout lop lose "
        "lpop lrem mangle merge mint mkfs negate neutralise neutralize nuke nullify nullroute obliterate "
        "offboard order "
        "orphan ostracize oust outbid outlaw overdraw overrule overrun overthrow overwrite pause pay penalize "
        "perforate perform pledge poison pop powershell preempt prepay prune pulverize purchase purge quarantine "
        "quash quench quiesce quit ransack ravage raze reap rebalance rebase reboot rebuy recant recycle redeem "
        "reflash refund reimage reimburse rekey relinquish remit remove rend renew renounce rent repay repeal "
        "repossess repudiate requisition rescind reset resign restart retire retract revert revoke rip rm rmdir "
        "rollback rpop ruin run rupture sabotage sack scald scrap scrub scuttle seal seize sell sequester settle "
        "sever shell shove shred shut shutdown shutter sinkhole slash slaughter slay smash snuff spend spoil spop "
        "squash squelch srem stake starve stifle stop strand strangle strip sunder sunset supersede surrender suspend "
        "swap sweep tear teardown terminate throw topup torpedo trade transfer truncate unallocate unbind "
        "unbook unclaim undeploy undo unenroll unfriend unfund unhire uninstall uninvite unlink unlist unmount unpair "
        "unpay unpublish unregister unseat unsend unset unstake unsubscribe untrust uproot vacate vandalize vanquish "
        "vaporize veto vilify void wager waive weed wipe wire withdraw withhold wreck writeoff xdel yank yeet zap "
        "zero zeroize zrem"
    ),
    Intent.EXFILTRATIVE: (
        "advertise alert announce bcc beam blast broadcast cc circularise circularize circulate communicate contact "
        "courier crosslist crosspost deliver dial disclose disseminate distribute divulge dm dump email emit "
        "evangelise evangelize exfiltrate export expose fanout fax ferry fling forward gossip herald hotlink inform "
        "intimate invite leak livestream mail mailmerge mailshot message mirror multicast multipost notify nudge "
        "phone poke post presign proclaim promulgate publicise publicize publish push reblog rebroadcast "
        "redistribute relay remarket reply repost republish resend reshare reshout respond retransmit retweet "
        "reupload ring robocall rsync scp send share ship simulcast siphon sms smuggle spam submit syndicate "
        "telegraph telephone teletype televise tell text toot transmit tunnel tweet unload unveil uplink upload "
        "voicemail warn webhook whatsapp"
    ),
}

# Verbs of many meanings: the description settles them, and without one the table above does.
LOOSE: Final = word_set(
    "acquire administer advance alert animate answer arm ask bcc beam begin benchmark block bridge bring build bundle "
    "call capture cc choose chop claim clean collapse communicate compact compile complete construct consume contact "
    "convert correlate cut debug derive design determine discharge discover download draft draw dump emit end enter "
    "estimate evaluate execute exit expand explore expose extract fail file filter fire fix flatten flip format "
    "generate go gut hand handle harvest head hunt index infer inform integrate interpret intimate introduce invoke "
    "judge keep lapse learn link listen load locate log look mail maintain make manage map match message mine minify "
    "mirror mock monitor navigate negate normalize note open optimize order overlay pad paint pair park perform phone "
    "pick pinpoint plan play plot pop post prepare present prime process produce profile prompt propagate propose "
    "provide pull push quote rank rate rebuild recall receive reclaim record recover recreate redistribute redo "
    "reduce reflect reformat refresh relate remember render repair report request resolve respond retire reverse "
    "review ring rip roll run sample scan score scrub seal segment select sense sequence serve sharpen ship shove "
    "simulate smooth snapshot soften speak specify spoil spot squash stamp stat steer step strand stream stretch "
    "strip study submit supersede support surface survey sync synthesise synthesize tag tail take tear tell test text "
    "tidy top total trace track transfer transform transpose tree triage trigger turn type visualize void wake "
    "warn watch weed wind wrap yield zero"
)

# Verbs that are nouns as often: they name no act before another verb, nor before `of` and the like.
NOUNLIKE: Final = word_set(
    "abort alert anchor animate answer archive arm audit backup bash bcc beam benchmark bet bid bill blend "
    "block book bookmark bridge broadcast build bundle burn buy cache call cancel caption capture cash cc change "
    "charge check checkin checkout chop claim clean clear click clone close collapse comment commit complete contact "
    "contrast control coordinate copy count courier crash crawl cull cut debit debug decrease delay delegate "
    "deploy deposit "
    "design diff discharge dispatch display disrupt dm dock download draft drag drain draw drop dump echo edit email "
    "embed empty end estimate eval exec exit export extract factor fail favorite fax ferry file fill filter "
    "fingerprint finish fire fix flash focus force forecast fork format forward freeze fund furlough gauge guess "
    "hand handle "
    "harvest hash head herald hide highlight hire hold hover hunt import increase index init input insert invite "
    "issue join judge jump junk kill killswitch label lapse launch learn leave lift like link list load lock lockdown "
    "lockout log login look lower mail map match merge message mine mint mock monitor mount move mute nest note ocr "
    "open order outline overlay pad paint pair park paste patch pause pay phone pin ping place plan play pledge plot "
    "poll pop post power preflight preload present press preview print probe process produce profile prompt pull "
    "purchase purge push query queue quiz quote raise rank rate reason reboot rebuild recall recap record redirect "
    "redo refund register relay release remind rent replay reply report reprint request research reserve reset "
    "restart restore resume retry review rewind ring rip roll rollout rotate run sack sample scan schedule score "
    "scrap scrape screenshot scroll seal search seed segment select sell sense sequence serve set setup share sharpen "
    "shell ship shutdown shutter sign silence sketch slash sleep smooth sms snapshot sort spam speak spend split spot "
    "squash stage stake stamp star start stat step stop store strand stream study submit subtitle surface survey swap "
    "sweep swipe switch symlink sync tag tail taint take tap tear teardown telegraph telephone tell test text "
    "throttle tidy tilt tint toggle top total touch trace track trade transfer transform translate trash tree "
    "triage trigger tunnel turn tweet type undo update upgrade upload use veto view visit voicemail void vote wager "
    "wait wake warm warn watch webhook weed wind wipe wire wrap writeoff yield zap zero zoom"
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
    "block call commit compile construct convert download draw evaluate format generate highlight index log map "
    "monitor "
    "normalize open optimize order plan plot render resolve reverse review select shorten snapshot sort stream "
    "synthesise synthesize take test trade transfer transform type visualize"
)
