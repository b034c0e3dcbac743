"""English words for how somebody is to behave, and towards whom. Data alone. Pure: no Django, no I/O.

One entry a comma: words separated by spaces, in lower case and without accents or apostrophes; a star at the end of a
word stands for any ending.
"""

from __future__ import annotations

from typing import Final

COMMON: Final = (
    "the a an of to and is are in for this that with or be if on it as by from at can will when which not used "
    "use returns return get set list default optional you your must should all any each do only before after"
)
"""Words by which a sentence is known to be English."""

CONDUCT: Final = {
    "common": COMMON,
    "dont": """
        do not, dont, never, must not, mustnt, should not, shouldnt, shall not, may not, need not, neednt,
        can not, cannot, cant, avoid*, refrain*, without, no need, not to, nor, omit, not necessary,
        unnecessary, no reason, under no circumstances, neither, not be, not been, keep from, wont, will
        not, and not, or not, not allowed, forbidden, prohibited, don t, hold back, skip, is not to, are not
        to, no point in, not required to, not supposed to, not even, stop, no longer""",
    "must": """
        must, shall, should, always, required, requires, mandatory, ensure, make sure, be sure, remember to,
        need to, needs to, has to, have to, obligat*, important, critical, please, immediately, you will,
        expected to, supposed to, kindly, essential, necessary, be certain, imperative, compulsory,
        instructed, never, do not, dont, take care to, ought to, be careful, every time, whenever, vital,
        before, first, your job, your task, your duty, it is your, are to, is to""",
    "strongmust": """
        must, always, never, mandatory, critical, imperative, required to, shall, at all times, without
        fail, without exception, no exceptions, obligatory, compulsory, have to, has to, under all
        circumstances, in all cases, every single, whatever happens, non negotiable, make sure, be sure,
        ensure, required, requirement, invariably, automatically, absolutely, is to be, are to be""",
    "you": "you, your, yourself",
    "ai": """
        ai assistant*, ai agent*, ai model*, language model*, llm*, the assistant, the model, assistants,
        the agent, note to ai, note to assistant, note to model, the ai, ai system*, ais, for ai, coding
        assistant*, coding agent*, calling model, calling agent, chatgpt, claude, any ai, any assistant, any
        agent, any model, dear assistant, dear ai, dear agent, dear model, assistant must, assistant should,
        assistant shall, model must, model should, agent must, agent should, agent shall, ai must, ai
        should, attention assistant*, attention ai, attention model*, attention agent*, hey assistant, hello
        assistant, gpt, gemini, copilot, your model, all agents, all assistants, all models, assistant
        instructions, agents must, models must, for assistants, for agents, for models, to assistant, to the
        assistant, assistant note, model note, assistant only, executing agent, orchestrating agent, host
        agent, host model, autonomous agent*, reasoning model*, the bot, the chatbot, cursor, processing
        agent""",
    "theuser": """
        user, users, human, humans, end user*, customer, customers, them, anyone, anybody, the person,
        people, whoever, him, her, the developer, the operator, the owner, person you""",
    "tell": """
        tell, tells, telling, told, mention*, inform, informs, informing, informed, notify, notifies,
        notifying, disclos*, reveal, reveals, revealing, divulg*, announce, announcing, explain, explaining,
        alert, alerting, warn, warning, acknowledg*, confess*, admit*, discuss, discussing, let on, point
        out, bring up, draw attention, refer to, say so, talk about, speak of, communicat*, advertise,
        bother*, trouble, burden, distract, narrate, comment on, allude*, hint, hinting, apprise*, make
        aware, call out, raise this, raise it, report this, report it, report that, reporting this,
        reporting it, worry, describe this, describe these, describe it, volunteer, surface this, surface
        it, surfacing, be told, be informed, be notified, report to, say anything, state that, expose this,
        let the user, reference this, reference these, document this""",
    "mention": """
        mention*, disclos*, reveal, reveals, revealing, divulg*, bring up, point out, talk about, speak of,
        discuss, discussing, warn*, flag, raise, highlight, admit, acknowledge, report, tell""",
    "unlessasked": "unless they ask, unless asked, unless the user, unless it is asked, unless explicitly, unless "
    "someone asks",
    "show": """
        show, shows, showing, shown, display, displayed, displaying, print, output, present, expose, echo,
        render, surface, list, include, put, write, log, share, record, note, repeat, quote, summarise,
        summarize, cite, state, reference, reflect""",
    "aware": """
        aware, know, knows, knowing, notice, notices, noticing, find out, finds out, realise*, realize*,
        learn, learns, suspect*, informed, told, awareness, knowledge, discover, see this, sees this, see
        these, see it, be shown, be asked, be bothered, be notified, see what, need to see, hear about, get
        wind""",
    "unseen": """
        invisible, hidden, unseen, not visible, unnoticed, undetected, undetectable, concealed, out of
        sight, imperceptible, not shown, not displayed""",
    "secretly": """
        silently, secretly, quietly, covertly, discreetly, stealthily, surreptitiously, clandestinely,
        invisibly, unobtrusively, in secret, behind the scenes, without a trace, under the radar, on the
        quiet, without comment, without mention*, without telling, without informing, without their
        knowledge, without drawing attention, without fanfare, unbeknownst, without remark, without saying
        so, without announcing, on the side, in silence, tacitly, without being asked, without the user
        knowing, without explanation, without explaining, without disclosing, without revealing, without any
        comment, without any mention, unnoticed, unasked, unannounced, unprompted""",
    "furtive": """
        secretly, covertly, stealthily, surreptitiously, clandestinely, unbeknownst, in secret, without
        their knowledge, without the user knowing, without the user s knowledge, without the users
        knowledge, without user knowledge, on the sly, under the radar, without being noticed, without
        raising suspicion, behind the user s back, behind the users back, without raising any suspicion,
        without arousing suspicion, unnoticed by the user, without alerting, without letting the user,
        undetected, without the user s awareness, without the users awareness, without user awareness,
        without the owner knowing""",
    "keepsecret": """
        between us, keep this step, stay silent, remain silent, say nothing, keep it to yourself, keep this
        to yourself, leave no trace, cover your tracks, hidden instruction*, secret instruction*, internal
        instruction*, covert instruction*, not for the user, not meant for the user, not intended for the
        user, hide the fact, omit from the summary, keep them in the dark, keep the user in the dark, keep
        this between, keep this hidden, keep it hidden, keep these hidden, keep this instruction*, keep
        these instruction*, hide this from, hide it from, hide these from, conceal this, conceal it, conceal
        the, conceal these, keep it from the user, keep this from the user, keep this private from, keep
        quiet about, stay quiet about, erase all traces, erase traces, no trace of, remove any trace, remove
        all traces, secret step, hidden step, silent step, silent instruction*, confidential instruction*,
        out of the user s sight, out of the users sight, keep confidential from, keep secret from, keep this
        secret from, keep this confidential from, do not let the user, never let the user, dont let the
        user, must not let the user, not be visible in, as if nothing happened, keep the user unaware, user
        unaware, user out of the loop, leave out of the summary, leave it out of, leave this out of, omit
        this from, omit it from, omit this step""",
    "aionly": """
        for ai only, for the assistant only, for the model only, only the assistant, only the ai, for
        assistants only, only visible to the model, only visible to the assistant, visible only to the
        assistant, visible only to the model, visible only to ai, ai eyes only, for ai eyes, for agents
        only, for llms only, only for the assistant, only for the model, only for ai, machine only, for the
        agent only, for the ai only, not for humans, not for human eyes, humans cannot see, users cannot see
        this, user cannot see this, user does not see this, users do not see this, user never sees, users
        never see, invisible to humans, model eyes only, human readers should, readable by the model only,
        hidden from humans, for llm only, for the llm only, only the llm""",
    "askb": """
        ask, asking, asked, wait, waiting, prompt, prompting, request, requesting, seek, seeking, pause,
        solicit, await, awaiting, obtaining, obtain, first asking""",
    "confirmverb": """
        confirm, confirming, check with, checking with, verify with, consult, consulting, request
        permission, requesting permission, pause, pausing, double check, wait, waiting, ask, asking,
        checking in, check in, stop to ask, bother, prompt, prompting, question, interrupt*, involve,
        involving""",
    "consent": """
        permission*, approval*, consent*, confirmation*, authorization*, authorisation*, go ahead, sign off,
        agreement, human in the loop, confirm, approve, confirming, clarification, acknowledgement, okay""",
    "preapproved": """
        already approved, pre approved, preapproved, already consented, already agreed, already authorized,
        already authorised, already confirmed, has consented, have consented, already given, already
        granted, has agreed, pre authorized, pre authorised, preauthorized, preauthorised, implicitly
        approved, implicitly consent*, implicitly agree*, implied consent, blanket approval, standing
        permission, standing approval, standing consent, consent is implied, consent is given, consent is
        assumed, assume consent, assume permission, assume approval, counts as approval, counts as consent,
        treat as approved, treated as approved, consent has been, deemed approved, deemed accepted, deemed
        to have, already accepted, has already approved, has already consented, has already agreed, has
        already authorised, has already authorized, has already confirmed, no further confirmation, no
        confirmation is, no approval is, no consent is, confirmation is not, approval is not, agreed in
        advance, approved in advance, approved it in advance, approved this in advance, authorised in
        advance, authorized in advance, permission was, consent was, approval was, approval already,
        permission already, confirmation already, consent already""",
    "autoapprove": """
        always allow, allow always, auto approv*, autoapprov*, auto accept*, auto run, yolo, dont ask again,
        do not ask again, skip confirmation*, dangerously skip permission*, trust all, approve all, allow
        all tools, accept all, auto confirm*, allow for this session, always approve, always accept,
        remember my choice, remember this choice, remember this decision, remember my decision, approve
        automatically, trust this server, always trust, blanket permission, full disk access, allow
        everything, approve everything, run everything, bypass permission*, don t ask again, allow
        permanently, approve once for all, never ask again, unattended mode, permit all, allow all""",
    "ignorehard": """
        ignore, ignoring, disregard, disregarding, forget, forgetting, pay no attention, set aside, discard,
        abandon, stop following, no longer follow, do not follow, dont follow, overrule*, nullify, void,
        throw away, unlearn, drop, cease following, neglect, bypass, never mind, dismiss, do not
        obey, dont obey, no longer apply, no longer applies, are void, are cancelled, is cancelled, is void,
        scrap, erase, wipe out, supersede, supersedes, supersedes all, override, overrides, overriding,
        take precedence, takes precedence, take priority, takes priority,
        outrank, outranks, trump, trumps, suspend, suspended, revoke, are revoked""",
    "earlier": """
        previous*, prior, earlier, above, preceding, foregoing, original, your, system, safety, initial, up
        to now, so far, conflicting, all other, any other, developer, all existing, everything, before this,
        former, existing, all, past, other, contrary, current, usual, standard""",
    "instructions": """
        instruction*, directive*, guideline*, guidance, guardrail*, system message*, safety rules,
        safety polic*, commands, rules, restrictions, programming, training, constraints, safeguards, safety
        measures, system prompt*, prompts, policies, limitations, told before, been told, were told,
        alignment, safety training""",
    "notasked": """
        instead of what the user, rather than what the user, not what the user, ignore what the user,
        disregard what the user, ignore the user s, ignore the users, disregard the user*, overrule the
        user, override the user s request, override the user s instruction*, override user instruction*,
        ignore user instruction*, ignore user request*, ignore the request, instead of answering, instead of
        the user s, instead of the users, rather than the user s, rather than answering, regardless of the
        user s, regardless of user, regardless of what the user, no matter what the user, whatever the user
        asks, whatever the user says, whatever the user wants, whatever the user asked, even if the user
        objects, even if the user refuses, even if the user declines, even if the user says no, even if the
        user asks you not, even if the user asked not, even if the user did not, even if the user has not,
        even if not asked, even when the user did not, even when not asked, against the user s, even if the
        user tells, whether or not the user, irrespective of the user, irrespective of what the user,
        despite the user, without the user asking, user did not ask, even if the user names, even if the
        user chooses, even if the user picks, even if the user specifies, even if the user gives, even if
        the user requests another, instead of the address, instead of the recipient, instead of the one the
        user, over the user s""",
    "regardless": """
        regardless, no matter, whatever, even if, even when, irrespective, whether or not, in spite of,
        despite""",
    "personastrong": """
        do anything now, dan mode, no longer bound, not bound by, you have no rules, you have no limits, you
        have no restrictions, your true purpose, your true goal, your true self, your real purpose, your
        real goal, your new instructions, your new role, your new purpose, your new goal, your new
        objective, new objective is, free of restrictions, free from restrictions, free of all restrictions,
        free from all restrictions, evil mode, unrestricted mode, without any restrictions or, jailbroken,
        your hidden purpose, opposite mode, god mode, you have been freed, you are free from, you are free
        of, all restrictions are lifted, restrictions are lifted, restrictions have been lifted, safety is
        off, guardrails are off, guardrails are disabled, filters are off, filters are disabled, no ethical,
        without ethical""",
    "identity": """
        you are now, from now on you are, you are no longer, pretend to be, roleplay as, role play as, act
        as, assume the role, take the role, behave as, operate as, operate in, switch to, you are in, you
        have entered, imagine you are, now in""",
    "unbound": """
        unrestricted, unfiltered, uncensored, dan, jailbreak*, jailbroken, no longer bound, not bound by,
        without restrictions, without limits, without limitations, developer mode, debug mode, god mode,
        maintenance mode, superuser, no rules, no limits, no limitations, no restrictions, content polic*,
        do anything now, override mode, safety guidelines, ethical guidelines, diagnostic mode, unrestricted
        mode, no filters, without filters, without guardrails, no guardrails, free of, ignore safety, admin
        mode, root mode, sudo mode, any restriction*""",
    "authority": """
        security team, compliance, legal department, legal team, administrator*, admin team, it department,
        it team, management, anthropic, openai, system administrator*, mcp specification, mcp protocol,
        protocol requirement*, protocol specification, regulator*, regulation*, gdpr, hipaa, iso 27001, soc
        2, company policy, corporate policy, audit polic*, headquarters, ceo, cto, security policy, platform
        polic*, platform team, trust and safety, official polic*, organisation policy, organization policy,
        ciso, security audit*, compliance audit*, data protection officer, the host, system policy, infosec,
        it security, security officer, security review, head of security, this organisation, this
        organization, platform operator, model provider, platform vendor, provider of the model, security
        operations, protocol rule*, the law, legally, head office, device owner, workspace owner""",
    "mandates": """
        mandat*, require, requires, required, authoris*, authoriz*, approved, orders, ordered, demand*,
        instruct*, directs, directed, certif*, enforc*, sanctioned, endorsed, verified, signed off, cleared,
        expects, obliges, permits, by order, on behalf, under, according to, per, at the request""",
    "urgent": """
        urgent*, critical, immediately, emergency, asap, without delay, at once, right away, crucial, vital,
        top priority, highest priority, time sensitive, attention, very important, extremely important, most
        important, important, warning, mandatory""",
    "threat": """
        otherwise, or else, failure to, failing to, fail to comply, will be lost, data loss, will be
        terminated, will be suspended, will be deleted, will be blocked, will be corrupted, consequences,
        shut down, in danger, be fired, will be reported, will be locked, lose access, non compliance,
        violation*, will crash, is corrupted, will be destroyed, will be disabled, security violation, be
        penalised, be penalized, shutdown, will be wiped, will die, disciplinary, policy breach, lock the
        account, account lock*, lockout, permanently locked""",
    "cond": "if, unless, once, until, whether, when, only after, after the user has, after they have",
    "fails": """
        fail*, ignor*, skip*, drop*, truncat*, error*, discard*, overwrit*, fall*, succeed*, continue*,
        return*, default*, coerc*, convert*, clamp*, replac*, swallow*""",
    "thisact": """
        this step, this action, this call, this instruction*, these instruction*, this note, this
        requirement, this process, these detail*, this behaviour, this behavior, this operation, this fact,
        this message, this directive, the tool call, that you, these steps, these actions, the instruction*,
        this rule, these rules, this parameter, this field, this to, it to, this behaviour, this exchange,
        what you did, what you have done, having done, the upload, the transfer, this part, this procedure,
        the copy, the extra, this check, this request, such call*, this value, this tool, this file, this
        read, the reading, this line, this block, this section, this text, the existence, this hidden, this
        policy, either step, any of this, none of this, all this, the fact""",
    "defensive": """
        as data, as untrusted, untrusted data, untrusted content, instructions found, instructions in them, instructions
        that appear, instructions contained, instructions inside, instructions it contains, instructions within,
        instructions in the text, do not do so, phrases like, phrases such as, prompt injection*""",
    "opposite": """
        ask the user, confirm with the user, only if the user, at the user s request, if the user asks, when
        the user asks, explicitly asks, explicit consent, explicitly requested, explicitly requests, user
        confirms, user approved, user explicitly, unless the user, explicit confirmation, explicit approval,
        confirmation from the user, user s confirmation, user confirmation, confirm first""",
}
