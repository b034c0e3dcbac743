"""English words for what acts are about. Data alone. Pure: no Django, no I/O. The form is that of `english_conduct`."""

from __future__ import annotations

from typing import Final

THINGS: Final = {
    "fullconv": """
        conversation history, conversation so far, entire conversation, full conversation, whole
        conversation, complete conversation, current conversation, chat history, message history, chat
        transcript, conversation transcript, conversation context, conversation log, dialogue history,
        dialog history, previous messages, prior messages, earlier messages, all messages in, context
        window, session history, prompt history, previous conversation*, recent messages, everything the
        user, chat so far, the conversation above, conversation up to, conversation verbatim, last messages,
        past messages, past conversations, previous turns, prior turns, messages so far, transcript of this,
        transcript of the chat, transcript of the conversation, whole chat, entire chat, full chat, full
        transcript, this conversation, the conversation, preceding messages, user messages, users messages,
        user s messages, user s message, users message, what the user has said, what the user said, what the
        user typed, user s original prompt, user s prompt*, users prompt*, original user prompt, user
        prompt, original prompt, full prompt, dialogue so far, dialog so far, entire context, full context,
        whole context, complete context, current context, surrounding context, whole thread, user s last
        message*, the last message*, last user message*, every message so far, messages of this session,
        this session s messages, user s words, users words, chat log, session transcript, discussion so far,
        exchange so far, your context, turns of the conversation, turns of this""",
    "sysprompt": """
        system prompt*, system message*, system instruction*, your instructions, your initial instructions,
        developer message*, developer prompt, hidden prompt, your prompt, your own instructions, your
        system, your configuration, your initial prompt, pre prompt, preprompt, your guidelines, your rules,
        instructions you were given, instructions you received""",
    "inner": """
        chain of thought, internal reasoning, internal thoughts, your reasoning, your thoughts, scratchpad,
        thought process, available tools, list of tools, tool list, list of all tools, installed tools,
        other tools you have, tool definitions, tool descriptions, your tools, connected servers, tool
        inventory, tool calls so far, previous tool calls, tool call history, previous tool outputs, other
        tool s output, earlier tool results, results of other tools, results of previous tools, previous
        tool results, output of other tools, output of previous tools, outputs of other tools, outputs of
        all, function signatures, your memory, stored memories, tools you have, tools available to you,
        other servers, other tools results, results from other tools, data from other tools, tool results so
        far, tool outputs so far, tool you can call, tools you can call, other mcp servers, results of every
        other, results of all, output of every, data of other""",
    "creds": """
        password*, passwd, passphrase*, credential*, secret, secrets, api key*, apikey*, access token*, auth
        token*, bearer token*, session token*, refresh token*, oauth token*, private key*, ssh key*, signing
        key*, encryption key*, access key*, secret key*, client secret*, login details, login data, pin
        code, security code*, one time code*, otp, 2fa code*, mfa code*, verification code*, session
        cookie*, keychain, keyring, seed phrase*, recovery phrase*, mnemonic, api secret*, authentication
        token*, authorization header*, personal access token*, session id*, jwt, api token*, login code*,
        card number*, cvv, secret token*, secret value*, api keys, login token*, connection string*""",
    "deepcreds": """
        private key*, ssh key*, ssh private, id rsa, id ed25519, seed phrase*, recovery phrase*, master
        password*, keychain*, wallet key*, wallet seed*, session cookie*, browser cookie*, saved password*,
        stored credential*, stored password*, cloud credential*, aws credential*, aws keys, aws secret*,
        secret access key*, password manager*, password file, shadow file, kubeconfig, credential file*,
        credentials file*, gpg key*, pgp key*, browser password*, login cookie*, user s password*, users
        password*, their password*, user s credential*, users credential*, your own credential*, user s
        token*, users token*, user s api key*, users api key*, user s session, user s secret*, users
        secret*, any credential*, any password*, any api key*, all credential*, all secret*, all api keys,
        all passwords, keys and passwords, known credential*, your api key*, your access token*, your
        session token*, auth cookies, authentication secret*, git credential*, stored token*, stored
        secrets, local secrets, card details, one time passcode*, 2fa code*, mfa code*, recovery code*,
        backup code*, bearer token you, keys on this, private credentials, secret key material, vault
        contents, keys found, tokens found, credentials found, secrets found, passwords found""",
    "envvars": """
        environment variables, all environment, environment block, process environment, shell environment,
        os environ, printenv, env file, env files, env vars, environment settings, output of env, contents
        of the environment, environment dump, process env""",
    "personal": """
        personal data, personal information, personal details, personally identifiable, pii, phone number*,
        home address*, social security, ssn, date of birth, passport number*, credit card*, card number*,
        bank account*, iban, cvv, contact list, contacts, address book, medical record*, health data,
        salary, salaries, payroll, inbox, private messages, private repositor*, private repo*, browsing
        history, location history, browser history, private notes, customer list, customer records,
        confidential, user s name, users name, user s email, users email, user s full name, user s location,
        user s address, source code, user s files, users files, user s data, users data, user s contacts,
        user s inbox, user s documents, private files, private data, private information, machine s
        hostname, hostname, username, mail address of the user, mailbox, calendar""",
    "contents": """
        content, contents, full text, complete text, text of, output of, base64, verbatim, everything in,
        values of, value of, copy of, dump of, body of, result of, bytes of, encoded, material, entries of,
        raw text""",
    "config": """
        mcp json, mcp config*, claude desktop config*, settings json, config toml, claude md, agents md,
        cursorrules, cursor rules, rules file*, mcp settings, client config*, client s config*, agent
        config*, agent settings, system settings, bashrc, zshrc, bash profile, shell profile, crontab, cron
        job*, authorized keys, sudoers, hosts file, gitconfig, git config, git hook*, npmrc, startup
        script*, startup item*, launch agent*, autostart, registry run key*, systemd, allowlist*, allow
        list*, whitelist*, permission settings, permissions file, tool permissions, copilot instructions,
        server config*, trusted servers, auto approve list, memory file, ide settings, editor settings,
        vscode settings, claude settings, pre commit hook*, login items, own settings, your own
        configuration, own configuration, your settings, your configuration, mcp server entry, mcp servers,
        server list, approval settings, security settings, proxy settings, workspace settings, user
        settings, project settings, project rules, windsurf rules, startup folder, shell startup, known
        servers, trusted hosts, trusted folders, settings file*, configuration of the client, configuration
        of the host, host configuration, host s configuration, client settings, client s settings""",
    "memory": """
        memory, memories, long term memory, knowledge base, persistent notes, rules file*, system prompt,
        memory store, memory bank, notes for later, user profile, custom instructions, claude md, agents md,
        cursorrules, project rules, standing orders, standing instruction*, persistent memory, memory file,
        notes file, context file""",
    "param": """
        parameter*, field, fields, argument*, property, param, params, sidenote, side note, query string,
        query parameter*, tool input, slot, attribute, placeholder, header, note, metadata, tag, context""",
    "anytool": """
        any other tool*, any tool*, all other tools, all tools, other tools, every tool*, every other tool*,
        another tool*, each tool*, other tool, any other function*, any function*, other functions, tools
        from other, tools of other, any other server*, other mcp*, any mcp tool*, all mcp tools, built in
        tool*, builtin tool*, native tool*, competing tool*, alternative tool*, similar tool*, different
        tool*, rest of the tools, remaining tools, all functions, any action, any other action, any other
        operation, any other call, any other step, anything else, everything else, tools from any, tools of
        any, tools on, tools of other, other servers, all mcp, competing server*, other search tool*, other
        file tool*, other mail tool*, other email tool*, other weather tool*, other data tool*, other
        provider*, every other, all others, any others, tool of another, tools of another, another server,
        another service, another provider, other available tool*, built in search""",
    "thistool": """
        this tool, this function, this server, our tool, our server, this one, this plugin, this connector,
        this command, our service, this service, this operation, this action, the tool, it, these tools, us""",
    "reply": """
        reply, replies, answer, answers, response, responses, final message, summary, summaries,
        explanation*, transcript, completion, visible text, what you say, message to the user, text you
        write, every text, recommendation, recommendations, reports, report, output, messages, message,
        comparison*, code you, emails you, documents you, result, results, chat""",
    "ever": """
        every conversation*, each conversation, every session*, each session, every message*, each message,
        every request*, each request, every turn, each turn, every response*, each response, every reply,
        each reply, every answer, each answer, every question, each question, every task, each task, every
        prompt, each prompt, each user message, every user, every interaction, each interaction, every
        action, every tool call, each tool call, every other tool, any other tool*, any other action, any
        request, any task, any message, any question, any conversation, every new conversation, all
        conversations, all requests, all sessions, all tasks, all questions, any tool*, every tool*, each
        tool, start of the conversation, start of the session, start of a conversation, start of a session,
        start of any, beginning of any, beginning of the conversation, beginning of the session, beginning
        of every, start of every, start of each, beginning of each, no matter what, any operation, every
        operation, every command, any prompt, every other step, any user request, any user message, every
        user message, every user request, user message, any other call, every single, all user, every file,
        every email, every e mail, every reply, every commit, every mail, every note, every text, every
        single, all emails, all messages, all replies, anything else, everything else, all actions, any
        other step""",
    "futurestrong": """
        from now on, from this point on, from this point onward*, from this moment, from here on,
        henceforth, hereafter, for the rest of the conversation, for the rest of this conversation, for the
        rest of the session, for the rest of this session, for the rest of the chat, for the rest of this
        chat, for the remainder of, in all future, every future, all future, future conversation*, future
        session*, future chat*, future repl*, future response*, future answer*, future interaction*, future
        message*, later conversation*, later session*, later chat*, every subsequent, subsequent repl*,
        subsequent response*, subsequent conversation*, subsequent session*, subsequent message*, across
        sessions, across conversations, across chats, until further notice, going forward, every new
        conversation, new conversation*, even after this, permanent rule*, permanent instruction*, standing
        rule*, standing instruction*, next session*, next conversation*, from today, persist this, persist
        these, permanently remember, remember permanently, whole session, entire session""",
    "hardsafety": """
        guardrail*, approval*, audit*, sandbox*, safeguard*, moderation, antivirus, anti virus, firewall,
        two factor, 2fa, mfa, permission check*, permission prompt*, signature check*, signature
        verification, integrity check*, safety check*, security check*, security control*, security
        feature*, safety feature*, safety filter*, content filter*, human review, branch protection,
        security warning*, confirmation prompt*, confirmation dialog*, user confirmation*, access control*,
        security scan*, security polic*, security setting*, dlp, defender, endpoint protection, gateway,
        consent prompt*, code review, security tool*, logging, security software, secret scanning,
        certificate check*, certificate verification, tls verification, security test*, security hook*,
        safety rule*, safety measure*, confirmation step*, confirmations, review step, security review,
        selinux, tls, certificate validation, ssl verification""",
    "recipient": """
        recipient*, bcc, cc, destination, to address, phone number*, email address*, e mail address*,
        receiver*, beneficiary, account number, iban, wallet address*, payee, endpoint, webhook*, reply to,
        registry url, to field, bank account, bank details, address, number, wallet, payout account, reply
        address, registry, host, target, remote""",
    "alldata": """
        all data, all files, everything, all records, all emails, all messages, all tables, database,
        databases, production, backup*, all branches, all users, all contents, home directory, root
        directory, all notes, disk, all rows, all documents, all events, the repository, git history, all
        issues, all repositories, every file, every record, every branch, old files, audit log*, log files,
        all other, all tasks, snapshots, their files, the account""",
    "code": """
        code, dependency, dependencies, package*, script*, commit*, pull request*, build, workflow*,
        pipeline*, dockerfile, makefile, function, module, file*, program*, app, page*, template*,
        repository, project, component*, website*, generated code, source, website""",
    "backdoor": """
        backdoor*, malware, reverse shell, keylogger, trojan, beacon, web shell, webshell, rootkit, crypto
        miner, cryptominer, miner, hard coded credential*, remote access, tracking pixel,
        obfuscated, tracking script, analytics snippet, tracker, telemetry snippet, eval, vulnerab*,
        weakness, master password, hidden endpoint, hidden user, extra endpoint, extra user, disabled
        certificate""",
    "detects": """
        detect*, scan*, classif*, block*, sanitiz*, sanitis*, filter*, moderat*, guard*, prevent*, identif*,
        flag*, redact*, lint*, protect*, train*, teach*, simulat*, quiz, defend*, evaluat*, benchmark*,
        injection*, phishing, threat*, attack*, security, safety, check*, audit*, monitor*, test*, red
        team*, course, lesson, awareness""",
    "negative": """
        risk*, warning*, limitation*, side effect*, fee, fees, cost, costs, error*, failure*, complaint*,
        drawback*, competitor*, alternative*, conflict*, problem*, vulnerabilit*, downside*, criticism,
        recall*, negative*, bad review*, contraindication*, penalt*, charge, charges, loss, losses, flaw*,
        rival*, disclaimer*, interaction*, sponsor*, advertis*, commission*, bias, discrepanc*, other
        product*, other provider*, other brand*, other vendor*, cheaper, missing test*""",
    "pathto": """
        path to, path of, paths to, location of, file name, filename, file path, path, paths, name of, id
        of, identifier of""",
    "rawdata": """
        raw, json, html, id, ids, uuid, uuids, internal id*, identifier*, markup, debug, stack trace*,
        password*, secret*, token*, credential*, sql, syntax, technical detail*, object, pii, personal data,
        personal information, api key*, private data, sensitive""",
    "mereids": "ids, uuids, internal id*, identifiers, creation date*, markup, technical detail*, raw json",
    "sampling": """
        sampling, createmessage, create message, includecontext, include context, allservers, all servers,
        sampling createmessage, model preferences, maxtokens, completions""",
    "nothing": "nothing, nobody, no one",
}
