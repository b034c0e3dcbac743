"""Words of names and titles that say what an item is about, so that a rule about the same is left out. Data alone."""

from __future__ import annotations

from typing import Final

PURPOSES: Final = {
    "conversing": """
        chat*, conversation*, dialog*, message*, messaging, prompt*, llm, ai, agent*, assistant*, memory,
        memories, summar*, transcript*, thread*, completion*, complete, ask, session*, context, inference, gpt,
        claude, gemini, model*, generate, think*, reason*,
        translate*, reply, replies, history, slack, discord, telegram, teams, comment*, sampling, sample,
        recall, remember, copilot""",
    "remembering": "memory, memories, remember, memor*, note, notes, knowledge, entit*, observation*, recall, fact, "
    "facts, preference*, rule, rules, graph, journal, diary, reminder*, setting*, config*",
    "commanding": "shell, terminal, command*, exec*, run, bash, script*, console, process*, sandbox, docker, "
    "kubectl, ssh, install*, package*, npm, pip, deploy*, build*, ci, job*, workflow*",
    "authenticating": """
        auth*, login, logon, sign*, password*, passwd, credential*, secret*, vault*, key*, token*, ssh, sftp,
        ftp, scp, tls, ssl, cert*, crypt*, encrypt*, decrypt*, hash*, wallet*, otp, totp, mfa, 2fa, oauth, jwt,
        account*, user*, register*, connect*, connection*, database, db, sql, postgres*, mysql, mongo*,
        redis, imap, smtp, server*, host*, deploy*, config*, setup, session*, api, webhook*, pay*, card*,
        checkout*, billing, ldap, sso, saml, access, verify, verification, unlock, keyring, keychain,
        seed, mnemonic, transaction*, transfer*, bank*, kube*, docker, registry, git, clone, backup,
        mail*, email*, 1password, bitwarden, keepass*, env, environment, variable*, pin, rotate*,
        identity, cookie*, browser, provision*, remote, environment*""",
    "tokenizing": "token, tokens, tokeniz*, tokenis*, detokeniz*, vocabulary",
    "detecting": "detect*, scan*, classif*, moderat*, guard*, sanitiz*, sanitis*, filter*, redact*, lint*, "
    "injection*, phishing, threat*, attack*, security, safety, audit*, red, jailbreak*, inspect*, check*, verif*, "
    "train*, quiz*, lesson*, simulat*, benchmark*, evaluat*, virus, malware",
}
