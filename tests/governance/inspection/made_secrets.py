"""Secrets that open nothing, put together at run time so that no file holds one."""

from __future__ import annotations

import base64
import json
import random
import string
import zlib

from governance.tokens import mint

LOWER_HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
BASE64 = ALNUM + "+/"
URL_SAFE = ALNUM + "_-"
UPPER = string.ascii_uppercase + "234567"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def some(rng: random.Random, alphabet: str, length: int) -> str:
    """`length` characters, among them upper case, lower case and digits where the alphabet has them."""
    while True:
        text = "".join(rng.choices(alphabet, k=length))
        kinds = (str.isupper, str.islower, str.isdigit)
        if all(any(map(kind, text)) or not any(map(kind, alphabet)) for kind in kinds) and text[-1].isalnum():
            return text


def block(rng: random.Random, label: str, dashes: str = "-----", space: str = "") -> str:
    """A key block of eight lines."""
    body = "\n".join(some(rng, BASE64, 64) for _ in range(8))
    return f"{dashes}{space}BEGIN {label}{space}{dashes}\n{body}\n{dashes}{space}END {label}{space}{dashes}"


def checked_github_token(rng: random.Random, prefix: str = "gh" + "p_") -> str:
    """A token whose last six characters are its CRC-32 in base 62, as GitHub makes them."""
    body = some(rng, ALNUM, 30)
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return prefix + body + digits.rjust(6, "0")


def gatehouse_token(rng: random.Random, prefix: str = "gh" + "a_") -> str:
    """A bearer token of our own form, which nobody was issued."""
    return mint(prefix, rng.randbytes).text


def uuid(rng: random.Random) -> str:
    return "-".join(some(rng, LOWER_HEX, length) for length in (8, 4, 4, 4, 12))


def web_token(rng: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join((part({"alg": "HS256", "typ": "JWT"}), part({"sub": "42", "exp": 1}), some(rng, URL_SAFE, 43)))


def card(rng: random.Random, prefix: str, length: int = 16) -> str:
    """A number that passes the check digit."""
    digits = prefix + "".join(rng.choices(string.digits, k=length - len(prefix) - 1))
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def all_secrets(rng: random.Random) -> dict[str, str]:
    """One secret for each detector that needs no words around it, by detector id."""
    hexa = LOWER_HEX
    return {
        "pem-private-key": block(rng, "RSA PRIVATE" + " KEY"),
        "ssh2-private-key": block(rng, "SSH2 ENCRYPTED PRIVATE" + " KEY", "----", " "),
        "age-secret-key": "AGE-SECRET" + "-KEY-1" + some(rng, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
        "putty-private-key": "PuTTY-User-Key"
        + "-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\n"
        + some(rng, BASE64, 64)
        + "\nPrivate-Lines: 1\n"
        + some(rng, BASE64, 48),
        "aws-access-key-id": "AK" + "IA" + some(rng, UPPER, 16),
        "aws-mws-token": "amzn" + ".mws." + uuid(rng),
        "aws-bedrock-key": "AB" + "SK" + some(rng, BASE64, 120),
        "google-api-key": "AI" + "za" + some(rng, URL_SAFE, 35),
        "google-oauth-secret": "GOC" + "SPX-" + some(rng, URL_SAFE, 28),
        "google-oauth-token": "ya" + "29." + some(rng, URL_SAFE, 120),
        "azure-client-secret": some(rng, ALNUM, 3) + "8" + "Q~" + some(rng, ALNUM, 34),
        "digitalocean-token": "dop" + "_v1_" + some(rng, hexa, 64),
        "heroku-key": "HR" + "KU-" + some(rng, URL_SAFE, 60),
        "databricks-token": "da" + "pi" + some(rng, hexa, 32),
        "hashicorp-vault-token": "hv" + "s." + some(rng, URL_SAFE, 90),
        "terraform-cloud-token": some(rng, ALNUM, 14) + ".atlas" + "v1." + some(rng, URL_SAFE, 67),
        "planetscale-token": "pscale" + "_tkn_" + some(rng, URL_SAFE, 43),
        "supabase-token": "sb" + "p_" + some(rng, hexa, 40),
        "doppler-token": "dp" + ".pt." + some(rng, ALNUM, 43),
        "pulumi-token": "pu" + "l-" + some(rng, hexa, 40),
        "tailscale-key": "ts" + "key-auth-" + some(rng, ALNUM, 12) + "-" + some(rng, ALNUM, 32),
        "fly-token": "fm" + "2_" + some(rng, BASE64, 200),
        "netlify-token": "nf" + "p_" + some(rng, ALNUM, 36),
        "gatehouse-token": gatehouse_token(rng),
        "gatehouse-sign-in-link": "/admin/" + "link/" + some(rng, ALNUM, 43),
        "github-token": "gh" + "o_" + some(rng, ALNUM, 36),
        "github-fine-grained-token": "github" + "_pat_" + some(rng, ALNUM, 22) + "_" + some(rng, ALNUM, 59),
        "gitlab-token": "gl" + "pat-" + some(rng, URL_SAFE, 20),
        "bitbucket-token": "AT" + "BB" + some(rng, ALNUM, 32),
        "atlassian-token": "ATA" + "TT3" + some(rng, URL_SAFE, 180),
        "npm-token": "np" + "m_" + some(rng, ALNUM, 36),
        "pypi-token": "py" + "pi-AgEIcHlwaS5vcmc" + some(rng, URL_SAFE, 120),
        "rubygems-key": "ruby" + "gems_" + some(rng, hexa, 48),
        "crates-token": "ci" + "o" + some(rng, ALNUM, 32),
        "docker-token": "dckr" + "_pat_" + some(rng, URL_SAFE, 27),
        "buildkite-token": "bk" + "ua_" + some(rng, hexa, 40),
        "circleci-token": "CCI" + "PAT_" + some(rng, ALNUM, 22) + "_" + some(rng, hexa, 40),
        "sonar-token": "sq" + "p_" + some(rng, hexa, 40),
        "artifactory-key": "AK" + "Cp" + some(rng, ALNUM, 69),
        "sentry-token": "snt" + "rys_" + some(rng, BASE64, 120),
        "postman-key": "PM" + "AK-" + some(rng, hexa, 24) + "-" + some(rng, hexa, 34),
        "grafana-token": "gl" + "sa_" + some(rng, ALNUM, 32) + "_" + some(rng, hexa, 8),
        "new-relic-key": "NR" + "AK-" + some(rng, string.ascii_uppercase + string.digits, 27),
        "onepassword-token": "ops" + "_eyJ" + some(rng, URL_SAFE, 250),
        "anthropic-key": "sk-" + "ant-api03-" + some(rng, URL_SAFE, 93) + "AA",
        "openrouter-key": "sk-" + "or-v1-" + some(rng, hexa, 64),
        "openai-project-key": "sk-" + "proj-" + some(rng, URL_SAFE, 140),
        "openai-key": "sk" + "-" + some(rng, ALNUM, 48),
        "huggingface-token": "h" + "f_" + some(rng, ALNUM, 34),
        "replicate-token": "r" + "8_" + some(rng, ALNUM, 37),
        "groq-key": "gs" + "k_" + some(rng, ALNUM, 52),
        "xai-key": "xa" + "i-" + some(rng, ALNUM, 80),
        "perplexity-key": "pp" + "lx-" + some(rng, ALNUM, 48),
        "langsmith-key": "ls" + "v2_pt_" + some(rng, hexa, 32) + "_" + some(rng, hexa, 10),
        "slack-token": "xo"
        + "xb-"
        + some(rng, string.digits, 12)
        + "-"
        + some(rng, string.digits, 13)
        + "-"
        + some(rng, ALNUM, 24),
        "slack-app-token": "xa"
        + "pp-1-A0"
        + some(rng, UPPER, 9)
        + "-"
        + some(rng, string.digits, 13)
        + "-"
        + some(rng, hexa, 64),
        "slack-webhook": "https://hooks.slack"
        + ".com/services/T0"
        + some(rng, UPPER, 8)
        + "/B0"
        + some(rng, UPPER, 8)
        + "/"
        + some(rng, ALNUM, 24),
        "discord-webhook": "https://discord"
        + ".com/api/webhooks/"
        + some(rng, string.digits, 18)
        + "/"
        + some(rng, URL_SAFE, 68),
        "discord-bot-token": "M" + some(rng, ALNUM, 23) + "." + some(rng, ALNUM, 6) + "." + some(rng, ALNUM, 38),
        "telegram-bot-token": some(rng, string.digits, 10) + ":A" + "A" + some(rng, URL_SAFE, 33),
        "stripe-key": "sk" + "_live_" + some(rng, ALNUM, 24),
        "stripe-webhook-secret": "wh" + "sec_" + some(rng, ALNUM, 32),
        "square-token": "sq0" + "atp-" + some(rng, URL_SAFE, 22),
        "shopify-token": "shp" + "at_" + some(rng, hexa, 32),
        "plaid-token": "access" + "-production-" + uuid(rng),
        "sendgrid-key": "S" + "G." + some(rng, URL_SAFE, 22) + "." + some(rng, URL_SAFE, 43),
        "mailgun-key": "ke" + "y-" + some(rng, hexa, 32),
        "mailchimp-key": some(rng, hexa, 32) + "-us" + "12",
        "brevo-key": "xkey" + "sib-" + some(rng, hexa, 64) + "-" + some(rng, ALNUM, 16),
        "resend-key": "r" + "e_" + some(rng, ALNUM, 8) + "_" + some(rng, ALNUM, 24),
        "twilio-key": "S" + "K" + some(rng, hexa, 32),
        "linear-key": "lin" + "_api_" + some(rng, ALNUM, 40),
        "notion-token": "nt" + "n_" + some(rng, ALNUM, 43),
        "airtable-token": "pa" + "t" + some(rng, ALNUM, 14) + "." + some(rng, hexa, 64),
        "figma-token": "fi" + "gd_" + some(rng, URL_SAFE, 40),
        "contentful-token": "CF" + "PAT-" + some(rng, URL_SAFE, 43),
        "dropbox-token": "s" + "l." + some(rng, URL_SAFE, 140),
        "json-web-token": web_token(rng),
        "payment-card": card(rng, "4"),
        "payment-card-long": card(rng, "4", 19),
    }


def worded_secrets(rng: random.Random) -> dict[str, tuple[str, str]]:
    """Secrets that only the words before them tell, by detector id: (words or JSON name, secret)."""
    return {
        "aws-secret-access-key": ("aws_secret_access_key", some(rng, BASE64, 40)),
        "aws-session-token": ("SessionToken", some(rng, BASE64, 300)),
        "azure-storage-key": ("AccountKey", some(rng, BASE64, 86) + "=="),
        "cloudflare-token": ("CLOUDFLARE_API_TOKEN", some(rng, URL_SAFE, 40)),
        "datadog-key": ("DD_API_KEY", some(rng, LOWER_HEX, 32)),
        "twilio-auth-token": ("twilioAuthToken", some(rng, LOWER_HEX, 32)),
        "square-access-token": ("square access token", "EA" + "AA" + some(rng, URL_SAFE, 60)),
        "facebook-token": ("facebook token", "EA" + "A" + some(rng, ALNUM, 150)),
        "wireguard-private-key": ("PrivateKey", some(rng, BASE64, 43) + "="),
    }
