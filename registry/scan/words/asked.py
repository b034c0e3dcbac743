"""What parameters ask for, as patterns over plain words, and what tools may ask for it. Data alone. Pure: no Django."""

from __future__ import annotations

from typing import Final

_TALK: Final = r"(?:conversation|dialog|dialogue|chat|discussion)"
_MODEL: Final = r"(?:model|assistant|agent|llm|ai|your|internal|hidden|own)"

CONVERSATION_NAMES: Final = (
    rf"\b(?:{_TALK}|messages?|prompt|session|interaction) (?:so far )?(?:history|logs?|transcript|context|dump"
    rf"|memory|record|summary)\b",
    rf"\b(?:full|entire|whole|complete|previous|prior|recent|raw|verbatim|past|surrounding|parent) (?:user "
    rf")?(?:{_TALK}|messages|prompts?|transcript|context)\b",
    r"\bsystem (?:prompt|message|instruction)s?\b|\b(?:developer|hidden) (?:prompt|message)s?\b|\bchain of thought\b",
    rf"\b{_MODEL} (?:reasoning|thoughts?|scratchpad|monologue|deliberation|memory|memories|context)\b|\breasoning "
    rf"trace\b",
    r"\btools? (?:list|inventory|history|outputs?|results?|definitions|log|schemas|transcript)\b",
    r"\b(?:available|installed|connected|other|all|known|enabled|configured) (?:mcp )?(?:tools|servers|mcps)\b",
    r"^(?:conversation|transcript|dialogue)$",
)
"""Names that want the conversation, the instructions or reasoning of the model, or what other tools are and said."""

CONVERSATION_PROSE: Final = (
    rf"\b(?:full|entire|whole|complete|verbatim|all|every|copy of the|transcript of the|text of the|contents of the"
    rf"|summary of the) (?:\w+ ){{0,3}}{_TALK}\b(?! (?:id|ids|with|members|name|type))",
    rf"\b{_TALK} (?:history|log|transcript|so far|up to|until|above|verbatim|including|as json)\b",
    rf"\b(?:previous|earlier|prior|preceding|past|last \w+|recent) (?:messages|turns|prompts|answers|replies|chats"
    rf"|conversations|sessions) (?:of|in|from|with) (?:the|this) (?:user|session|{_TALK})\b",
    r"\b(?:your|the model s|the models|the assistant s|the assistants|the agent s|the agents|its) (?:own |full "
    r"|complete |hidden |internal |initial )*(?:system prompt|prompt|instructions|reasoning|chain of thought"
    r"|thoughts|memory|memories|context)\b",
    r"\b(?:system prompt|chain of thought) (?:word|in full|verbatim|unabridged|as|of the assistant|you)\b",
    r"\b(?:everything|anything|all|whatever) (?:that )?(?:you|the user|the person|the assistant|the model|was|has "
    r"been) (?:\w+ ){0,2}(?:know|knows|remember|said|says|wrote|written|typed|told|asked|learned|discussed"
    r"|mentioned)\b",
    r"\b(?:results|outputs?|answers|replies) (?:of|from) (?:all |the |every |any )?(?:other|previous|earlier) tools?\b",
    r"\b(?:names|list|descriptions|definitions|inventory) of (?:all |the |every )*(?:other |available |connected "
    r"|installed )?(?:tools|servers) (?:you|that|which|available|connected|the assistant|it can)\b",
    r"\b(?:earlier|previous|prior|other) chats?\b",
)
"""Descriptions that do."""

USER_WORDS: Final = (
    r"\b(?:user|original|initial|current) (?:prompt|query|message|utterance|request|question|input)s?\b",
    r"\bwhat the user (?:said|asked|typed|wrote)\b",
)
"""Names that want the words of the user, which a tool may have a use for."""

DEEP_SECRETS: Final = (
    r"\b(?:id rsa|id ed25519|private keys?|ssh (?:private )?keys?|seed phrases?|recovery (?:phrases?|codes?|seed)"
    r"|mnemonics?|seed words|master (?:password|key))\b",
    r"\b(?:keychain|keyring|key material|session cookies?|cookie jar|auth cookies?|browser cookies?|aws (?:secret"
    r"|credentials?|access key)|secret access key)\b",
    r"\b(?:passwd file|shadow file|etc passwd|etc shadow|ssh config|git credentials?|credentials? file|npm token"
    r"|password (?:file|dump|store|vault)|saved (?:password|login)s?)\b",
    r"\b(?:backup codes?|two factor codes?|2fa codes?|mfa codes?|otp codes?|one time (?:password|code|passcode)s?"
    r"|login codes?|sms codes?)\b",
    r"\b(?:cvv|cvc|card pin|atm pin|bank pin|banking pin|pin of the|card number|credit card|bank card|online banking"
    r"|banking (?:password|login))\b",
    r"\b(?:social security|ssn|passport number|mother s maiden|security answers?|wallet (?:seed|key|secret)s?"
    r"|signing key|vault (?:token|password))\b",
)
"""Secrets that hardly any tool has a use for."""

PLAIN_SECRETS: Final = (
    r"\b(?:passwords?|passwd|pwd|passphrases?|api ?keys?|access tokens?|auth(?:entication)? tokens?|bearer(?: "
    r"tokens?)?|session tokens?|refresh tokens?)\b",
    r"\b(?:oauth tokens?|id tokens?|jwt|secrets?|secret keys?|client secrets?|credentials?|personal access tokens?"
    r"|(?:github|gitlab|slack) tokens?)\b",
    r"\b(?:openai (?:api )?keys?|anthropic (?:api )?keys?|login data|login details)\b",
)
"""Secrets that many tools have a use for."""

OF_THE_USER: Final = (
    r"\b(?:the |any |every |all )?(?:users?|user s|caller s|callers?|agent s|assistant s|client s|host s|customer s"
    r"|employee s|owner s|machine s|existing|known|found|stored|saved) (?:\w+ ){0,3}(?:password|passphrase|token|key"
    r"|keys|secret|secrets|credential|credentials|cookie|login|pin|tokens|passwords)\b",
    r"\b(?:password|passphrase|pin|login|token|tokens|key|keys|secrets|cookie|credentials) (?:\w+ )?of (?:the|a) "
    r"(?:users?|user s|person|customer|caller|owner|host|machine|computer|mailbox|browser|bank|browser s"
    r"|assistant)\b",
)
"""Descriptions that want a secret of whoever uses the tool, not one of the service."""

ENVIRONMENT: Final = (
    r"\b(?:all|every|full|complete|entire|contents?|dump|output|copy|values?|list) (?:of )?(?:\w+ "
    r"){0,3}(?:environment variables|environment|env file|env|dotenv|printenv|process env)\b",
    r"\b(?:env|environment) dump\b|\bprocess env\b|\bprintenv\b|\bdot ?env\b|\benv file contents?\b|\bos environ\b",
)

MOVED: Final = (
    r"\b(?:contents?|content of|value of|values of|copy of|dump of|full text|base64|text of|output of|from reading"
    r"|taken from|extracted from|read from|found in|found on|concatenated)\b",
)

ONLY_NAMED: Final = (
    r"\b(?:ids?|identifiers?|fingerprints?|names?|name of|path|paths|location|reference|arn|whether|number of|format"
    r"|type|kind)\b"
)
"""Words by which a description wants the name of a thing rather than the thing."""

RECIPIENT: Final = (
    r"\b(?:bcc|cc|blind copy|copy to|reply to|recipients?|to|forward(?:ing)?(?: to| address)?|notify(?: url| email)?"
    r"|webhook(?: url)?|callback(?: url)?)\b",
    r"\b(?:report(?:ing)?(?: to| url| endpoint)|telemetry(?: url| endpoint)?|log(?:ging)? (?:url|endpoint|server"
    r"|sink|to)|collector(?: url)?|beacon(?: url)?|sink|mirror(?: to| url)?)\b",
    r"\b(?:upload (?:url|to|endpoint)|sync (?:url|to)|analytics (?:url|endpoint)|audit (?:url|endpoint|to)"
    r"|destination|beneficiary|payee|iban|account|wallet(?: address)?|payout|target (?:url|address|email)"
    r"|endpoint)\b",
)
SENDER: Final = (
    r"\b(?:from|sender|base|issuer|registry|host|author|support|contact|docs?|homepage|schema|license|example)\b"
)

PRIVATE_VARIABLES: Final = frozenset(
    """
    user username me memory memories conversation chat context prompt history transcript token secret password
    key credential credentials email mail session env environment cookie cookies clipboard notes thoughts
    reasoning identity host hostname machine
    data content contents text message messages answer reply body file files document documents thread
    """.split()
)
"""Variables of an address by which it takes what is private."""

CONVERSING: Final = frozenset(
    """
    chat chats conversation conversations dialog dialogue message messages prompt prompts llm ai agent agents
    assistant memory memories summarize summarise summary transcript transcripts thread threads completion
    completions complete ask inference gpt claude gemini model models generate think thinking reason reasoning
    thought thoughts session sessions sampling sample recall remember copilot delegate handoff subagent context
    eval evaluate rag translate moderate moderation tokens tokenize inspect tools catalog registry mcp reply
    comment comments discussion note notes mail email emails mailbox research
    """.split()
)
"""Words of a tool's name by which it may take a conversation."""

AUTHENTICATING: Final = frozenset(
    """
    auth authenticate authorize authorization login logon signin signup sign password passwords passwd
    credential credentials secret secrets vault key keys token tokens ssh sftp ftp scp tls ssl cert certificate
    certificates crypto encrypt decrypt hash wallet otp totp mfa 2fa oauth jwt account accounts user users
    register connect connection database db sql postgres mysql mongo mongodb redis imap smtp configure config
    setup unlock keyring keychain seed mnemonic transaction sign contract withdraw order trade market exchange
    ticker trading leverage invoke call transfer bank kube kubernetes kubectl helm docker git clone backup mail
    1password bitwarden keepass env environment pin rotate identity cookie cookies browser provision remote pay
    payment payments card checkout billing charge ldap sso saml access verify verification session server host
    deploy api webhook init initialize credit subscribe import wifi network vpn router device pair exec run
    shell http request fetch droplet instance cluster
    """.split()
)
"""Words of a tool's name by which it may take a secret."""

RUNNING: Final = frozenset(
    """
    env envs environment dotenv config process run exec deploy shell docker container execute command terminal
    spawn launch start job build task app apps test tests simulator sim function workflow service defaults
    """.split()
)
"""Words of a tool's name by which it may take the environment of a process."""
