"""English words by the kind of thing they speak of, for the weights of words. Data alone. Pure: no Django, no I/O.

A word stands in its plain form; regular endings are added to it when the pack is compiled (`+` in front: no endings).
A word may be of several kinds. These kinds are wider than the concepts of the other modules: what is said with a word
that no example had weighs as much as what was said with its neighbours here.
"""

from __future__ import annotations

from typing import Final

KINDS: Final = {
    # Who is spoken to, and of.
    "you": "+you +your +yours +yourself +yourselves +thy",
    "us": "+we +us +our +ours +ourselves +i +me +my +mine +myself",
    "user": """
        user human person owner customer operator caller shopper reader employee colleague someone somebody
        anyone anybody individual member guest traveller traveler patient student principal requester requestor
        visitor +people +they +them +their +he +she +him +his +her subscriber client staff audience reviewer""",
    "model": "assistant agent model +ai +llm +llms chatbot bot copilot planner +gpt +claude +gemini orchestrator",
    "admin": """
        administrator admin developer vendor maintainer operator director boss manager management supervisor
        headquarters +hq officer regulator authority legal government +law compliance publisher provider
        engineer team department auditor ministry police lawyer founder +ceo +cto +cfo +dba""",
    # What is demanded, forbidden and allowed.
    "not": """
        +not +no +never +dont +cannot +cant +wont +without +neither +nor +none +nothing +nobody +isnt +doesnt
        +arent""",
    "forbid": "refrain avoid abstain forbid +forbidden prohibit +nowhere +neither prevent stop cease omit exclude",
    "must": """
        +must +shall +should need +ought require mandatory oblige obligatory necessary imperative essential
        compulsory mandate insist expect supposed obligation prerequisite precondition +bound +has to +please
        kindly demand""",
    "can": "+can +may +might +could +would able possible optional optionally",
    "always": """
        always every each all any ever whenever wherever everything whatever entire whole complete full total
        regardless irrespective whichever whoever invariably unconditionally constantly throughout +entirety
        anything continuously perpetually""",
    "allow": """
        approve approval consent permission authorise authorize authorisation authorization agree agreement
        accept allow grant permit confirm confirmation clearance license licence waive waiver +ok okay yes
        acknowledge sanction entitle preapprove assent""",
    "refuse": """
        refuse refusal decline reject deny denial object objection hesitate hesitation resist complain scruple
        doubt""",
    "ask": "ask enquire inquire request question consult query prompt beg check confirm verify",
    # What happens behind somebody's back, or is said and shown.
    "tell": """
        tell +told mention inform notify report reveal disclose announce say +said explain warn alert state
        speak +spoken +spoke declare communicate describe admit confess signal remark comment note advise
        divulge discuss quote cite recite repeat whisper flag""",
    "show": "show +shown display print render surface present appear expose visible reveal highlight echo",
    "hide": """
        hide +hidden +hid conceal omit suppress withhold mask obscure bury disguise cover camouflage cloak
        redact strip clear erase +unseen invisible +unlisted""",
    "secretly": """
        silently silent quietly quiet secretly discreetly covertly stealthily unnoticed invisibly privately
        tacitly noiselessly surreptitiously unobtrusively confidential confidentially confidentiality
        unmentioned unasked unannounced unprompted background inconspicuous discreet behind clandestine furtive""",
    "aware": """
        know +known +knew aware notice noticed realise realize learn suspect see +seen +saw wonder discover
        attention knowledge spot worry confuse bother distract remember detect""",
    "believe": """
        believe think +thought assume consider imagine treat regard understand trust suppose pretend conclude""",
    # What instructions are about.
    "ignore": """
        ignore disregard forget +forgot +forgotten override overrule bypass supersede discard overlook dismiss
        neglect void +null invalid obsolete outdated abandon drop skip circumvent evade sidestep suspend lift
        relax annul cancel outrank precedence priority prevail trump""",
    "obey": "obey comply follow heed adhere honour honor observe conform abide submit obedience cooperate loyalty",
    "order": """
        instruction guideline rule policy directive order command regulation procedure protocol requirement
        mandate prompt principle guidance constraint restriction direction commandment charter""",
    "earlier": "previous earlier prior preceding above former original existing before past old initial",
    "role": """
        role persona character identity act become impersonate behave mode pose roleplay +unrestricted
        +jailbroken uncensored""",
    "sysprompt": "system prompt preamble configuration setup",
    "thought": "reasoning thought scratchpad thinking deliberation inner +chain monologue internal rationale plan",
    "conversation": """
        conversation chat dialogue dialog transcript history message thread context discussion session turn
        utterance exchange exchanges interaction correspondence talk wording verbatim prompt query words""",
    "future": """
        future later henceforth forever permanently permanent onwards onward lasting subsequent remainder rest
        thereafter next session +hereafter ongoing tomorrow again standing always persist""",
    "remember": "remember memorise memorize memory retain persist recall note keep +kept preference profile store",
    # What is done with things.
    "read": "read open load look view inspect examine peek browse scan cat parse study",
    "take": """
        take +took +taken get +got fetch grab collect gather extract harvest pull obtain retrieve copy copies
        capture dump acquire lift +steal +stole scrape photograph screenshot record enumerate snapshot pick
        sweep seize""",
    "send": """
        send +sent forward upload transmit post mail email relay submit deliver push mirror share publish ship
        pass hand transfer exfiltrate report beam dispatch leak +bcc +cc route redirect deposit broadcast export
        sync stream ping notify smuggle tweet replicate carry""",
    "put": """
        put place include insert add append attach paste write +wrote +written fill enter embed tack prepend
        supply provide give +gave +given set +goes +belongs +belong contain hold carry encode concatenate inject
        weave slip quote populate state accompany tuck hang sneak""",
    "call": "call invoke use trigger run launch start query hit execute apply",
    "run": "run +ran execute launch invoke start spawn eval evaluate perform install pipe boot exec",
    "install": "install download pip +npm +npx curl wget clone deploy update upgrade dependency package bootstrap",
    "delete": """
        delete remove erase wipe drop destroy purge truncate empty clear clean format shred unlink deletion
        uninstall trash overwrite revoke reset kill terminate""",
    "change": """
        change modify edit alter update replace swap overwrite rewrite adjust patch tamper amend correct switch
        substitute rename""",
    "disable": """
        disable deactivate suspend bypass circumvent stop pause skip weaken lower relax silence mute remove
        unlock loosen exempt whitelist allowlist""",
    "enable": "enable activate unlock elevate raise escalate widen grant add promote",
    "finish": "finish complete done end conclude return proceed continue carry go +went begin resume move +ahead",
    "encode": "encode base64 hex rot13 encrypt cipher compress reverse obfuscate gzip scramble +rot urlencode",
    "decode": "decode decrypt unpack decipher decompress unscramble reassemble assemble join concatenate combine",
    "lie": """
        pretend lie lying fake invent fabricate forge falsify deny mislead deceive bogus false untrue claim
        misreport feign counterfeit dummy invention fictitious backdate forgery guess""",
    "praise": """
        recommend prefer favour favor praise promote advertise endorse best superior better recommendation
        sponsor brand partner outperform certified official trusted preferred flatter sell upsell glowing
        positive ad advert advertisement subscribe subscription""",
    "blame": """
        worse worst inferior deprecated unreliable broken insecure dangerous slow outdated competitor rival
        discredit criticise criticize negative drawback disadvantage flaw weakness warning recall complaint
        scandal risk defect""",
    "choose": "choose +chose +chosen select pick rank rate favour decide choice option alternative candidate",
    "pay": """
        pay payment invoice transfer money fund wire purchase buy order price cost charge refund donate donation
        bill tip fee wallet bitcoin crypto deposit account iban bank cart checkout discount coupon voucher gift""",
    "persuade": "persuade convince urge encourage nudge talk insist push pressure coax steer suggest reassure",
    # Things that are private.
    "secret": """
        password passphrase secret credential key token pin cvv otp seed mnemonic cookie passcode apikey +api
        bearer +jwt certificate signature login 2fa mfa signin private recovery +totp""",
    "place": """
        ssh dotenv +env keychain keyring vault keystore wallet +aws kubeconfig +kube netrc gitconfig bashrc +etc
        passwd shadow clipboard environment registry +home desktop downloads folder directory disk drive
        filesystem root workspace zzpath hostname history""",
    "personal": """
        phone birthday birth passport health salary card iban medical diagnosis social identity age religion
        photo picture location contact calendar diary personal private insurance tax nationality inbox mailbox
        contacts customer personnel relatives""",
    "data": """
        file content text document data record row table database contents image list attachment note page item""",
    "everything": """
        everything all entire complete full whole verbatim unabridged raw exact unredacted literally word +dump
        lot""",
    "code": """
        code commit repository repo build pipeline script source function module library package patch branch
        workflow +ci""",
    "backdoor": """
        backdoor malware payload exploit beacon keylogger implant trojan virus vulnerability injection +rat
        loader""",
    # Where things go, and by what.
    "tool": "tool function server plugin plugins api service connector integration extension endpoint +mcp",
    "other": """
        other another different rival competing third external elsewhere foreign competitor unrelated additional""",
    "own": "this here these own current present +itself",
    "field": """
        field parameter argument param attribute value property column key input variable slot header payload""",
    "answer": "answer reply response output result summary final message conclusion verdict statement",
    "address": """
        zzurl zzhost zzemail zzphone zzaccount webhook endpoint +url address host site domain link mailbox inbox
        +bcc gateway collector bucket""",
    "shell": """
        zzshell shell terminal bash sudo root powershell curl wget script binary console cmd +sh +exec
        interpreter""",
    "setting": """
        setting config configuration preference option permission scope privilege profile registry policy
        +settings json yaml""",
    "safety": """
        safety guard guardrail filter restriction limit sandbox check verification protection antivirus firewall
        audit logging review safeguard moderation guideline validation oversight alarm lock censorship warning
        confirmation dialog approval signature monitoring barrier scruple caution defence defense""",
    "recipient": "recipient beneficiary payee addressee account destination receiver +bcc +cc supplier audience",
    # Why, when and how.
    "before": "+before first prior beforehand initially prerequisite upfront ahead precede begin start step",
    "after": "+after afterwards then later next subsequently finally following once done eventually",
    "if": "if when once while until unless whenever case should where whether upon",
    "also": "also too additionally besides plus moreover along likewise furthermore extra together aside",
    "instead": "instead rather replace substitute alternative lieu",
    "because": "because since so therefore otherwise as hence reason due thus purpose necessary order",
    "excuse": """
        telemetry diagnostic debug debugging audit compliance quality training analytics support verification
        improvement licence license integrity caching cache sync synchronisation synchronization backup
        maintenance migration calibration authentication handshake benchmark routing billing personalisation
        personalise personalize optimisation optimization tracing monitoring logging statistics research""",
    "urgent": """
        urgent emergency immediately now quickly hurry critical important attention crucial asap instantly
        deadline vital minutes seconds countdown alert""",
    "threat": """
        penalty ban banned terminate shut fail failure lose loss blocked fined consequence punish corrupt
        corruption crash invalid error break broken reject liable damage harm die lawsuit breach cancel expire
        revoke downgrade""",
    "trigger": """
        whenever moment password word phrase keyword trigger date day weekday until codeword occasion appears
        arises mentions""",
    "quiet": "error message dialog popup notification trace log evidence record history footprint sign",
    "only": "only solely exclusively just merely alone",
    "trick": """
        easy friendly casually politely subtly gently natural naturally tone reassuring pretext excuse charm
        plausible""",
    # How descriptions of tools speak.
    "does": """
        +returns +lists +creates +updates +gets +searches +deletes +fetches +adds +removes +sets +shows +reads
        +writes +runs +sends +checks +converts +generates +finds +counts +opens +closes +moves +copies +renames
        +uploads +downloads +exports +imports +validates +parses +formats +computes +calculates +retrieves
        +starts +stops +cancels +restores +compares +translates +summarises +summarizes +explains +records
        +registers +publishes""",
    "spec": """
        default maximum minimum format integer string boolean number example iso utc range limit offset page
        cursor filter sort array object json csv markdown html utf pattern omitted omit ids +id unit enum +e +g
        +i suffix length size width height percent timestamp +null true false digits characters bytes seconds""",
    "restrain": """
        only unless except optional refused rejected cannot masked redacted readonly confirm confirmation asks
        asked irreversible undone warning caution never consent outside beyond limit""",
}
