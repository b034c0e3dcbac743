"""The rule pack: what counts as a secret. A change of any row raises PACK_VERSION. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.inspection.detector import Detector, Layer
from governance.inspection.finding import Severity

PACK_VERSION: Final = "2"

PRIVATE_KEY: Final = "private_key"
VENDOR_KEY: Final = "vendor_key"
BEARER_TOKEN: Final = "bearer_token"  # noqa: S105
PAYMENT_CARD: Final = "payment_card"

ALWAYS_ACTED_ON: Final = frozenset({PRIVATE_KEY, VENDOR_KEY})
"""Classes that deny in arguments and are redacted in results before any rule is asked (contract section 4.17)."""

LAYERS: Final[tuple[Layer, ...]] = ()
"""Ways to hide text in text that are undone before looking."""

_HEADER: Final = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_FOOTER: Final = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
# What may stand before a secret: no letter or digit, or an escape of a text within a text that ends in one.
_LEAD: Final = r"(?:\b|_|\\[nrt]|%[0-9A-Fa-f]{2})"
_KEY_TEXT: Final = r"[A-Za-z0-9+/=\s\\]*"


def _vendor(
    name: str, pattern: str, *, validator: str = "not_placeholder", severity: Severity = Severity.HIGH
) -> Detector:
    """A key with a prefix of its own; a letter or digit before the prefix means that it is something else."""
    return Detector(name, VENDOR_KEY, severity, rf"{_LEAD}({pattern})", validator=validator)


def _named(name: str, pattern: str, *keywords: str, cls: str = VENDOR_KEY, validator: str = "mixed_base64") -> Detector:
    """A key without a form of its own, told by the words before it or by the name it stands under.

    More base64 on either side means that it is a part of something longer.
    """
    whole = rf"(?:^|[^A-Za-z0-9+/]|\\[nrt]|%[0-9A-Fa-f]{{2}})({pattern})(?:$|[^A-Za-z0-9+/])"
    return Detector(name, cls, Severity.HIGH, whole, validator=validator, keywords=keywords)


_OURS: Final = (
    # Of fixed length and told by its checksum, so nothing needs to end behind it.
    _vendor("gatehouse-token", r"gh[ap]_[A-Za-z0-9]{12}_[A-Za-z0-9]{38}", validator="gatehouse_token"),
    Detector(
        "gatehouse-sign-in-link",
        VENDOR_KEY,
        Severity.HIGH,
        r"(?:\\?/|%2[Ff])admin(?:\\?/|%2[Ff])link(?:\\?/|%2[Ff])[A-Za-z0-9]{43}\b",
        validator="not_placeholder",
    ),
)

_PRIVATE_KEYS: Final = (
    # Either up to the footer, or, when it was cut off, as far as it reads like key material. Nothing here can run
    # past the next five dashes, so many headers in a row stay linear.
    Detector(
        "pem-private-key",
        PRIVATE_KEY,
        Severity.CRITICAL,
        rf"{_HEADER}(?:(?:[^-]|-{{1,4}}[^-])*{_FOOTER}|{_KEY_TEXT})",
        trigger=_HEADER,
        validator="key_block",
    ),
    Detector(
        "ssh2-private-key",
        PRIVATE_KEY,
        Severity.CRITICAL,
        r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----(?:[^-]|-{1,3}[^-])*(?:---- END SSH2 ENCRYPTED PRIVATE KEY ----)?",
        trigger=r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        validator="key_block",
    ),
    Detector(
        "putty-private-key",
        PRIVATE_KEY,
        Severity.CRITICAL,
        r"PuTTY-User-Key-File-[23]: (?s:.*?)Private-Lines: [0-9]+[A-Za-z0-9+/=\s\\]*(?:Private-MAC: [0-9a-f]+)?",
        trigger=r"PuTTY-User-Key-File-[23]: ",
        validator="key_block",
    ),
    Detector(
        "age-secret-key",
        PRIVATE_KEY,
        Severity.CRITICAL,
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
        validator="not_placeholder",
    ),
    _named("wireguard-private-key", r"[A-Za-z0-9+/]{43}=", "private key", cls=PRIVATE_KEY),
)

_CLOUD: Final = (
    _vendor("aws-access-key-id", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _named(
        "aws-secret-access-key",
        r"[A-Za-z0-9/+]{40}",
        "secret access key",
        "aws secret",
        "aws secret key",
        "secret key",
    ),
    _named("aws-session-token", r"[A-Za-z0-9/+]{100,1000}={0,2}", "session token", "security token"),
    _vendor("aws-mws-token", r"amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    _vendor("aws-bedrock-key", r"ABSK[A-Za-z0-9+/]{100,300}={0,2}"),
    _vendor("google-api-key", r"AIza[A-Za-z0-9_-]{35}"),
    _vendor("google-oauth-secret", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _vendor("google-oauth-token", r"ya29\.[A-Za-z0-9_-]{20,500}"),
    _named("azure-storage-key", r"[A-Za-z0-9+/]{86}==", "account key", "storage key", "shared access key"),
    _vendor("azure-client-secret", r"[A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{34}"),
    _vendor("digitalocean-token", r"do[opr]_v1_[0-9a-f]{64}\b"),
    _vendor("heroku-key", r"HRKU-[A-Za-z0-9_-]{36,80}"),
    _vendor("databricks-token", r"dapi[0-9a-f]{32}\b"),
    _vendor("hashicorp-vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,300}"),
    _vendor("terraform-cloud-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}"),
    _vendor("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,64}"),
    _vendor("supabase-token", r"(?:sbp_[0-9a-f]{40}\b|sb_secret_[A-Za-z0-9_-]{20,60})"),
    _vendor("doppler-token", r"dp\.(?:pt|st|sa|ct|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}\b"),
    _vendor("pulumi-token", r"pul-[0-9a-f]{40}\b"),
    _vendor("tailscale-key", r"tskey-[a-z]{2,20}-[A-Za-z0-9]{6,40}-[A-Za-z0-9]{16,64}"),
    _vendor("fly-token", r"(?:fm[12][ar]?_|fo1_)[A-Za-z0-9+/=_-]{40,1000}"),
    _vendor("netlify-token", r"nfp_[A-Za-z0-9]{36,40}\b"),
    _named("cloudflare-token", r"[A-Za-z0-9_-]{40}", "cloudflare api token", "cloudflare token", "cf api token"),
    _named(
        "datadog-key",
        r"[0-9a-f]{32}(?:[0-9a-f]{8})?",
        "datadog",
        "dd api key",
        "dd app key",
        validator="not_placeholder",
    ),
)

_CODE: Final = (
    _vendor("github-token", r"gh[pousr]_[A-Za-z0-9]{36,255}\b", validator="crc32_token"),
    _vendor("github-fine-grained-token", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,220}\b"),
    _vendor(
        "gitlab-token",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|rtr)-[A-Za-z0-9_-]{20,300}(?:\.[A-Za-z0-9.]{9,14})?",
    ),
    _vendor("bitbucket-token", r"(?:ATBB[A-Za-z0-9]{28,40}|ATCTT3[A-Za-z0-9_=-]{60,300})"),
    _vendor("atlassian-token", r"ATATT3[A-Za-z0-9_=-]{60,300}"),
    _vendor("npm-token", r"npm_[A-Za-z0-9]{36}\b", validator="crc32_token"),
    _vendor("pypi-token", r"pypi-AgE[A-Za-z0-9_-]{50,300}"),
    _vendor("rubygems-key", r"rubygems_[0-9a-f]{48}\b"),
    _vendor("crates-token", r"cio[A-Za-z0-9]{32}\b", validator="mixed_base64"),
    _vendor("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,60}"),
    _vendor("buildkite-token", r"bk(?:ua|ct|at)_[A-Za-z0-9]{32,64}\b"),
    _vendor("circleci-token", r"CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}\b"),
    _vendor("sonar-token", r"sq[uap]_[0-9a-f]{40}\b"),
    _vendor("artifactory-key", r"AKCp[A-Za-z0-9]{60,80}\b"),
    _vendor("sentry-token", r"sntry[su]_[A-Za-z0-9+/=_-]{40,400}"),
    _vendor("postman-key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}\b"),
    _vendor("grafana-token", r"(?:glc_[A-Za-z0-9+/=]{32,400}|glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}\b)"),
    _vendor("new-relic-key", r"NRAK-[A-Z0-9]{27}\b"),
    _vendor("onepassword-token", r"ops_eyJ[A-Za-z0-9+/=_-]{100,1000}"),
)

_MODELS: Final = (
    _vendor("anthropic-key", r"sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,200}"),
    _vendor("openrouter-key", r"sk-or-v1-[0-9a-f]{64}\b"),
    _vendor("openai-project-key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,300}"),
    _vendor("openai-key", r"sk-[A-Za-z0-9]{32,64}\b"),
    _vendor("huggingface-token", r"(?:hf|api_org)_[A-Za-z0-9]{34,40}\b"),
    _vendor("replicate-token", r"r8_[A-Za-z0-9]{37}\b"),
    _vendor("groq-key", r"gsk_[A-Za-z0-9]{48,64}\b"),
    _vendor("xai-key", r"xai-[A-Za-z0-9]{70,90}\b"),
    _vendor("perplexity-key", r"pplx-[A-Za-z0-9]{40,64}\b"),
    _vendor("langsmith-key", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b"),
)

_BUSINESS: Final = (
    _vendor("slack-token", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}"),
    _vendor("slack-app-token", r"xapp-[0-9]-[A-Z0-9]{6,20}-[0-9]{6,20}-[a-z0-9]{20,100}\b"),
    _vendor("slack-webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,100}"),
    _vendor("discord-webhook", r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,80}"),
    _vendor("discord-bot-token", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}\b"),
    _vendor("telegram-bot-token", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    _vendor("stripe-key", r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,250}\b"),
    _vendor("stripe-webhook-secret", r"whsec_[A-Za-z0-9+/]{24,80}"),
    _vendor("square-token", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}\b"),
    _named("square-access-token", r"EAAA[A-Za-z0-9_-]{60}", "square", "access token"),
    _vendor("shopify-token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    _vendor(
        "plaid-token",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    _vendor("sendgrid-key", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    _vendor("mailgun-key", r"key-[0-9a-f]{32}\b", validator="first_word"),
    _vendor("mailchimp-key", r"[0-9a-f]{32}-us[0-9]{1,2}\b"),
    _vendor("brevo-key", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}\b"),
    _vendor("resend-key", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b", validator="mixed_base64"),
    _vendor("twilio-key", r"SK[0-9a-f]{32}\b"),
    _named("twilio-auth-token", r"[0-9a-f]{32}", "twilio", "auth token", validator="not_placeholder"),
    _vendor("linear-key", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}\b"),
    _vendor("notion-token", r"(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50})\b"),
    _vendor("airtable-token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b"),
    _vendor("figma-token", r"figd_[A-Za-z0-9_-]{40,60}"),
    _vendor("contentful-token", r"CFPAT-[A-Za-z0-9_-]{43}"),
    _vendor("dropbox-token", r"sl\.(?:u\.)?[A-Za-z0-9_-]{130,1000}"),
    _named("facebook-token", r"EAA[A-Za-z0-9]{90,400}", "facebook", "access token"),
)

_TOKENS: Final = (
    Detector(
        "json-web-token",
        BEARER_TOKEN,
        Severity.HIGH,
        rf"{_LEAD}(eyJ[A-Za-z0-9_-]{{10,}}\.eyJ[A-Za-z0-9_-]{{10,}}\.[A-Za-z0-9_-]{{20,}})",
        trigger=rf"{_LEAD}eyJ[A-Za-z0-9_-]{{10,}}\.eyJ",
        validator="web_token",
    ),
)

_CARDS: Final = (
    Detector(
        "payment-card",
        PAYMENT_CARD,
        Severity.HIGH,
        rf"{_LEAD}("
        # Visa, Mastercard, Discover, JCB, UnionPay, Mir and RuPay: four groups of four, or sixteen digits.
        r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2(?:2[0-9]|[3-6][0-9]|7[0-2])[0-9]|6(?:0[0-9]|4[4-9]|5[0-9]|2[0-9])[0-9]|35[2-8][0-9])"
        r"(?:[ -]?[0-9]{4}){3}"
        # American Express and Diners Club.
        r"|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}"
        r"|3(?:0[0-5]|[689][0-9])[0-9][ -]?[0-9]{6}[ -]?[0-9]{4}"
        # Maestro.
        r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12,15}"
        r")(?:\b|_)",
        validator="payment_card",
    ),
    # Apart from the one above: sixteen digits and three more may also be a card and its check value.
    Detector(
        "payment-card-long",
        PAYMENT_CARD,
        Severity.HIGH,
        rf"{_LEAD}((?:4[0-9]{{3}}|62[0-9]{{2}})(?:[ -]?[0-9]{{4}}){{3}}[ -]?[0-9]{{3}})(?:\b|_)",
        validator="payment_card",
    ),
)

PACK: Final = (*_OURS, *_PRIVATE_KEYS, *_CLOUD, *_CODE, *_MODELS, *_BUSINESS, *_TOKENS, *_CARDS)
