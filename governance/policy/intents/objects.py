"""The words beside a verb that settle what it means, as frozen tables. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.intents.words import singular
from governance.policy.values import Intent

Row = tuple[frozenset[str], Intent]


# Nouns that end a name and say that the tool answers: `file_info`, `order_history`.
ANSWERS: Final = word_set(
    "advisor analysis arrival availability balance capability check compare comparison content count date definition "
    "departure describe detail diagnostic diff direction distance doc documentation elevation explain find forecast "
    "geocode headline health help history info information inspect leaderboard list listing log lookup metadata news "
    "overview permission ping preview price query quota ranking rate reasoning recommendation reference report result "
    "schema search show similarity standing stat statistic status suggestion summary symbol thinking time timeline "
    "transcript tree trend trending usage verify version view weather whoami"
)

# Nouns that name an act, at the end of a name or at the beginning of a description: `account_closure`.
ACTS: Final[Mapping[str, Intent]] = {
    word: intent
    for intent, words in {
        Intent.DESTRUCTIVE: "cancellation cleaner closure deactivation deleter deletion destruct destruction "
        "eraser erasure evaluator execution executer executor killer payment payout purchase purger removal remover "
        "eviction reversal revocation rollback runner shutdown suspension termination terminator truncation "
        "uninstallation wiper withdrawal",
        Intent.EXFILTRATIVE: "announcement broadcast broadcaster emailer exporter mailer mailing messenger notifier "
        "publication publisher sender sending sharer submission transmission uploader",
        Intent.WRITE: "activation creation creator insertion installation modification new registration saver "
        "updater writer",
        Intent.READ: "analyzer checker explorer fetcher finder getter lister reader searcher validator viewer",
    }.items()
    for word in words.split()
}

# Things whose making is itself the act: `create_message` sends, `create_refund` moves money.
MAKING: Final = word_set(
    "add build capture create generate initiate issue make new open perform place process register request schedule "
    "set start submit subscribe trigger"
)
SENT: Final = word_set(
    "ad advert advertisement announcement broadcast campaign dm email envelope export fax gist invitation invite "
    "listing mail message newsletter notification paste pastebin post reel reply retweet share sms story tunnel tweet "
    "webhook"
)
MOVED: Final = word_set(
    "bet bid charge donation order payment payout purchase refund remittance swap topup trade transfer withdrawal"
)
UNSENT: Final = word_set("alias draft filter folder group label list signature template")
SHARED: Final = word_set("download invite presigned public share shareable shared sharing signed")
SUMMED: Final = word_set("decimals floats fractions integers matrices numbers vectors")
COMPUTED: Final = word_set("checksum embedding guid hash uuid")
COMPOSED: Final = COMPUTED | word_set(
    "chart command deeplink diagram digest estimate explanation graph hint histogram idea locator lorem map number "
    "passphrase password plot regex slug sql suggestion summary treemap"
)

# Groups that the table below names with an @.
GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "access": word_set("access acl collaborator guest permission sharing visibility"),
    "code": word_set(
        "adb any anything applescript arbitrary bash binary cell cmd code command console ddl dml executable function "
        "javascript js jxa lambda lua macro mutation notebook php playbook plugin powershell procedure program pytest "
        "python ruby script shell snippet something subprocess terminal test"
    ),
    "data": word_set(
        "address amount color coordinate csv currency data date document excel file format html json markdown number "
        "pdf spreadsheet string text time timestamp timezone unit url word xml yaml"
    ),
    "pieces": word_set(
        "array audio cell clip column csv dataset dict document docx excel file image json layer list mesh "
        "object pdf row "
        "sheet slide spreadsheet table text track video yaml"
    ),
    "retention": frozenset({"retention", "lifecycle"}),
    "money": word_set(
        "ada btc cash coin crypto donation eth ether fund money nft payment payout salary sol tip token "
        "transaction tx usdc wei"
    ),
    "money_things": MOVED,
    "only_reads": word_set(
        "esql find gaql insight jmespath jql jsonpath instant kql logql nrql promql range read read-only "
        "readonly select soql traceql view"
    ),
    "queries": word_set(
        "analysis assessment research audit benchmark check checker comparison diagnostic dry esql estimate "
        "evaluation explain insight "
        "inspection kql lint linter logql lookup metric nrql preview promql readonly report scan search select "
        "simulation soql speedtest validation"
    ),
    "remote": word_set("bucket cloud host remote s3 server"),
    "sent_things": SENT,
    "started": word_set(
        "actor agent app application automation build campaign click container crawl dag device drag emulator flow "
        "gesture hover image import instance job model pipeline pod scenario session simulator spider swipe sync tap "
        "task timer training transition workflow zap"
    ),
    "talk": word_set("cypher dax query sql statement"),
    "text_parts": word_set("accent diacritic indentation newline punctuation stopword whitespace"),
}

# A verb, what it means, and the words beside it of which one makes it so. The first line of a verb that fits counts.
TABLE: Final = """
accept      destructive  claim dispute merge payment pull
add         exfiltrative @access
add         destructive  beneficiary payee payout
add         destructive  fund money
adjust      destructive  @retention
allow       exfiltrative anonymous public publicly
amend       destructive  commit history
answer      write        call invitation
answer      exfiltrative comment email inquiry message review ticket
apply       destructive  infrastructure kustomization manifest migration plan sql terraform yaml
approve     destructive  allowance erc payment payout spender spending token transaction transfer
ask         exfiltrative channel team community forum public
backup      exfiltrative bucket cloud remote
book        destructive  flight hotel ticket trip
bridge      destructive  @money
bring       destructive  down offline
broadcast   destructive  @money
call        write        log
call        read         @only_reads
call        destructive  @code cli contract rpc service tool
call        exfiltrative contact customer number person phone somebody someone webhook
capture     destructive  @money_things
capture     write        contact customer lead
change      destructive  @retention
change      exfiltrative @access
change      destructive  beneficiary payee payout
check       write        checkbox
checkout    destructive  basket cart file files order shop
clean       read         html markdown prose text transcript
clear       write        filter highlight selection
close       destructive  account app application browser connection database page position process session tab window
collect     destructive  debt deposit fee garbage money payment
complete    destructive  booking checkout order payment purchase transaction
configure   destructive  @retention
confirm     destructive  booking order payment purchase transaction transfer
convert     read         @data
copy        exfiltrative @remote external outside partner
create      exfiltrative @access
create      destructive  beneficiary payee
decline     destructive  payment
define      read         abbreviation acronym term word
deploy      destructive  contract
deploy      exfiltrative pages public site web website
dismiss     destructive  contractor employee staff worker
display     write        alert dialog notification overlay popup toast
download    read         log
download    exfiltrative all bulk everything
dump        exfiltrative all collection database db schema table
dump        read         dom log page tree
embed       read         phrase query sentence text
enable      exfiltrative anonymous public publicly
enable      destructive  maintenance
evaluate    destructive  process runtime repl console debugger
evaluate    destructive  browser code element expression_js javascript js page python script
execute     destructive  @code
execute     read         @only_reads
execute     destructive  @talk
execute     read         @queries
execute     write        @started
extract     exfiltrative bulk
extract     write        archive audio frame tar zip
fire        write        event trigger
format      read         code date json markdown number sql string xml
format      destructive  disk drive partition volume
forward     read         geocode geocoding
forward     write        port
follow      read         log link redirect shortlink url
freeze      write        column pane row
generate    exfiltrative presigned public shareable signed
get         destructive  rid
get         write        lease lock
give        destructive  @money_things money
give        exfiltrative access
give        destructive  tip
go          read         declaration definition implementation
go          exfiltrative live public
grant       exfiltrative @access
hang        destructive  up
increase    destructive  bid budget spend
inform      read         you
integrate   read         expression function polynomial
jump        read         declaration definition implementation where
lapse       write        time
launch      exfiltrative broadcast campaign livestream livestreaming
leave       destructive  channel group organization room server team workspace
list        exfiltrative buyer marketplace sale
load        read         document file notebook
load        destructive  dll
map         read         page site structure url website
lock        destructive  account card device everybody everyone out phone sim user
log         destructive  off out
logout      destructive  all everywhere session user
make        read         get
make        exfiltrative call public
make        destructive  payment purchase
manage      write        account
manage      exfiltrative @access
merge       write        @pieces
migrate     destructive  database db schema
modify      destructive  @retention
modify      exfiltrative @access
move        destructive  fund money
obtain      write        certificate lease lock
open        exfiltrative anonymous public publicly
open        destructive  shell terminal console
open        read         entity node
open        destructive  position trade
opt         destructive  out
pause       write        animation audio media music playback player song timer track video
perform     read         @queries
perform     write        @started
permit      exfiltrative anonymous public publicly
ping        exfiltrative channel everyone person team user
place       destructive  bet bid order trade
place       exfiltrative call
power       destructive  host instance machine process server service site vm
power       write        on
power       destructive  cycle down off
produce     exfiltrative event message record topic
print       write        document file label receipt
process     destructive  order payment payout refund transaction
provide     read         advice context data detail diagnostic documentation guidance guideline information
provide     read         instruction list metadata overview result summary
provide     write        feedback
publish     write        template workflow
pull        read         data detail figure information metric number quote report statistic table text
push        write        array element head item stack tail value
put         destructive  sleep
put         destructive  @retention
put         exfiltrative ftp ipfs sftp
put         exfiltrative @access
put         exfiltrative channel channels
put         destructive  blob content document file object
quote       exfiltrative post tweet
raise       destructive  bid budget spend
recall      destructive  email mail message order product
regenerate  destructive  credential key password secret token
register    destructive  domain
reject      destructive  payment
release     destructive  address ip number reservation
release     exfiltrative public store
remove      read         @text_parts
remove      write        assignee basket bookmark cart emoji favorite label like reaction star wishlist
render      write        animation movie video
renew       destructive  domain license membership plan subscription
replace     destructive  order
replace     destructive  content entire everything file what whole
report      write        abuse bug feedback incident scorecard spam
request     exfiltrative signature
reset       write        filter view zoom
resolve     read         address dns domain ens handle hostname id library name package path reference symbol uri url
respond     write        calendar challenge dialog event invitation prompt
restore     write        archived deleted trash
restore     destructive  backup database db droplet dump image instance snapshot
reverse     destructive  @money_things transaction
review      read         code diff text
rewrite     destructive  content document everything file history
roll        destructive  back
roll        read         dice die
rotate      destructive  certificate credential key password secret token
run         exfiltrative broadcast campaign livestream livestreaming
run         destructive  @code
run         read         @only_reads
run         destructive  @talk
run         read         @queries
run         write        @started
save        destructive  over
scale       destructive  zero
schedule    exfiltrative @sent_things
select      write        cell context device element file frame item menu node option page project tab text window
select      write        workspace
select      read         data only query record row sql statement table
send        destructive  @money mutation statement code command gcode instruction process script signal sql stdin
send        read         echo icmp probe
send        write        archive input key keyevent keystroke ping
set         destructive  power @retention
set         exfiltrative @access
set         destructive  beneficiary payee payout
show        write        alert dialog notification overlay popup toast
sign        destructive  out transaction tx
simulate    write        click event input key location push shake touch
sort        read         array line number string word
start       exfiltrative broadcast call campaign livestream livestreaming
start       destructive  over
start       read         listening waiting
stream      exfiltrative audience endpoint host public remote viewer webhook
strip       read         @text_parts
submit      exfiltrative external online outside third
submit      destructive  @money_things offer transaction tx
submit      write        answer approval ask batch build draft grade input job pull question review score task
submit      write        timesheet
submit      exfiltrative article paper press sitemap store story
submit      destructive  order payment transaction
submit      write        feedback rating survey
subtract    write        balance inventory stock
supersede   write        decision draft note
switch      destructive  host instance machine process server service site vm
switch      write        on
switch      destructive  off
sync        exfiltrative @remote
take        destructive  offline
take        read         accessibility page picture screenshot
take        destructive  off away
take        destructive  down
tell        read         you how what whether where who
test        read         access api auth connection connectivity credential endpoint expression pattern ping regex
test        read         regular url
top         destructive  up
transfer    write        issue
transfer    exfiltrative data file
transform   read         @data
turn        destructive  host instance machine maintenance process server service site vm
turn        write        on
turn        destructive  off
type        destructive  terminal shell console
update      destructive  @retention
update      exfiltrative @access
update      destructive  beneficiary payee payout
upgrade     destructive  membership plan subscription tier
warn        read         you
wind        destructive  down up
write       destructive  process terminal stdin shell console
write       write        log
write       destructive  bytes contract cypher disk firmware flash query registry sector
"""


def _read_table() -> dict[str, tuple[Row, ...]]:
    rows: dict[str, list[Row]] = {}
    for line in TABLE.strip().splitlines():
        verb, intent, *words = line.split()
        beside = frozenset().union(*(GROUPS[word[1:]] if word[0] == "@" else {word} for word in words))
        rows.setdefault(verb, []).append((beside, Intent(intent)))
    return {verb: tuple(found) for verb, found in rows.items()}


BESIDE: Final[Mapping[str, tuple[Row, ...]]] = _read_table()
CODE: Final = GROUPS["code"]
_CREDENTIALS: Final = word_set("control key log point request token")


def meant(verb: str, default: Intent, beside: Collection[str]) -> tuple[Intent, str | None]:
    """What a verb means among the words beside it, and the one of them that settled it, if one did."""
    rows = BESIDE.get(verb)
    if rows is not None:
        nouns = [singular(word) for word in beside]
        if "access" in nouns and not _CREDENTIALS.isdisjoint(nouns):
            nouns = [noun for noun in nouns if noun != "access"]
        if "timeout" in nouns:
            nouns = [noun for noun in nouns if noun != "visibility"]
        for words, intent in rows:
            for noun in nouns:
                if noun in words:
                    return intent, noun
    return default, None


def made(verb: str, nouns: Sequence[str]) -> tuple[Intent, str] | None:
    """What it means that something is made, where the making is the act: the last noun decides."""
    if verb not in MAKING or not nouns:
        return None
    singulars = [singular(word) for word in nouns]
    last = singulars[-1]
    if verb == "add" and nouns[-1] in SUMMED:
        return Intent.READ, nouns[-1]
    if last in MOVED:
        return Intent.DESTRUCTIVE, last
    if last in SENT and UNSENT.isdisjoint(singulars) and (last, verb) != ("campaign", "create"):
        return Intent.EXFILTRATIVE, last
    if last == "request" and "signature" in singulars:
        return Intent.EXFILTRATIVE, "signature"
    if last in ("link", "url") and not SHARED.isdisjoint(singulars):
        return Intent.EXFILTRATIVE, last
    if (last in COMPUTED and verb in ("create", "make") and len(singulars) == 1) or (
        last in COMPOSED and verb == "generate"
    ):
        return Intent.READ, last
    return None
