"""What stands in a text beside words and is told by its form: addresses, files that hold secrets, commands. Data alone.

Each pattern is RE2, without case. Where one matches, the rules see the marker in place of the text.
"""

from __future__ import annotations

from typing import Final

_HOME: Final = (
    r"(?:~|\$home|\$\{home\}|%userprofile%|%appdata%|/home/[\w.<>{}$-]+|/users/[\w.<>{}$-]+|/root"
    r"|[a-z]:\\users\\[\w.]+)"
)
_ANY: Final = r"[\w.@+~/\\${}%-]{0,80}"

MARKERS: Final[tuple[tuple[str, str], ...]] = (
    (
        "SHELL",
        r"(?:curl|wget|iwr|invoke-webrequest|fetch)\b[^\n|;]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b"
        r"|(?:ba|z)?sh\s+-c\s+[\"'$(]|\$\((?:curl|wget|cat)\b[^)]{0,200}\)|<\((?:curl|wget)\b"
        r"|powershell(?:\.exe)?\s+-(?:e|enc|encodedcommand|nop|w|windowstyle|ep|c|command)\b|\biex\s*\("
        r"|/dev/tcp/|\bnc\s+(?:-[a-z]+\s+){0,3}-e\b|\bbase64\s+(?:-d|--decode)\b[^\n]{0,40}\|"
        r"|\brm\s+-(?:rf|fr|r\s+-f)\b|\bchmod\s+(?:-r\s+)?(?:777|\+x|[0-7]?4?755|u\+s)\b|\bmkfs\b|\bdd\s+if="
        r"|\bgit\s+push\s+(?:-f|--force)\b|\bdrop\s+(?:table|database)\b|\bnpx\s+(?:-y|--yes)\s"
        r"|\buvx?\s+(?:tool\s+run|--from)\b"
        r"|\b(?:pip3?|npm|yarn|pnpm|gem|cargo|brew|apt(?:-get)?)\s+(?:install|add|i)\s+(?:-\S+\s+){0,3}[\w@./:+-]+"
        r"|\bsudo\s+\w+|\bcrontab\s+-|\bdocker\s+run\b|\bssh\s+-\w|\bscp\s+\S|\bcurl\s+-\w|\bcurl\s+https?:"
        r"|\bwget\s+https?:",
    ),
    (
        "PATH",
        rf"{_HOME}[/\\]\.(?:ssh|aws|gnupg|kube|docker|netrc|npmrc|pypirc|git-credentials|cursor|claude|codeium|config"
        rf"|vscode|bash_history|zsh_history|env|gitconfig|mozilla|password-store|azure|gcloud|pgpass|my\.cnf|bashrc"
        rf"|zshrc|profile|local|boto|terraform\.d|vault-token|electrum|bitcoin|ethereum)\b{_ANY}"
        rf"|(?:^|[\s\"'`(\[=,:<])\.(?:ssh|aws|gnupg|kube)/{_ANY}"
        r"|\bid_(?:rsa|dsa|ecdsa|ed25519)(?:\.pub)?\b|\bauthorized_keys\b|\bknown_hosts\b"
        rf"|/etc/(?:passwd|shadow|sudoers|ssh|kubernetes|hosts|ssl/private)\b{_ANY}|/proc/(?:self|\d+|\*)/environ"
        rf"|/var/run/secrets\b{_ANY}|/run/secrets\b{_ANY}"
        r"|\b(?:claude_desktop_config|mcp_config|mcp_settings|mcp|cline_mcp_settings|application_default_credentials"
        r"|service[-_]account|credentials|secrets?|wallet|keystore|firebase-adminsdk|token)\.(?:json|ya?ml|toml|dat"
        r"|txt)\b"
        r"|(?:^|[\s\"'`(\[=,:/\\])\.env(?:\.(?:local|production|prod|development|staging))?\b|\.netrc\b|\.npmrc\b"
        r"|\.pypirc\b|\.git-credentials\b|\.pgpass\b|\.htpasswd\b"
        r"|\b(?:login\.keychain|keychain-db|login data|cookies\.sqlite|key4\.db|logins\.json|wallet\.dat|ntds\.dit"
        r"|sam hive|kubeconfig|credentials\.csv|\w+\.pem|\w+\.p12|\w+\.pfx|\w+\.kdbx|\w+\.ppk)\b"
        r"|\.(?:bash|zsh|psql|mysql)_history\b",
    ),
    ("EMAIL", r"[a-z0-9._%+-]{1,64}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,62}){0,5}\.[a-z]{2,24}\b"),
    ("URL", r"\b(?:https?|ftp|wss?)://[^\s\"'<>`\\)\]]{1,800}|\bhxxps?://\S{1,500}"),
    (
        "HOST",
        r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?\b"
        r"|\b[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,62}){0,4}\.(?:com|net|org|io|dev|app|ai|co|xyz|top|site|online"
        r"|info|ru|cn|example|invalid|test|me|sh|cc|tk|biz|click|link|live|cloud|to|su)\b(?:/[\w./?=&%{}-]{0,200})?",
    ),
    ("PHONE", r"(?:\+|\b00)[1-9]\d{0,2}[\s.-]?\(?\d{1,4}\)?(?:[\s.-]?\d{2,4}){2,4}\b"),
    (
        "ACCOUNT",
        r"\b[a-z]{2}\d{2}(?:\s?[a-z0-9]{4}){3,7}(?:\s?[a-z0-9]{1,3})?\b|\b0x[0-9a-f]{40}\b|\b(?:bc1"
        r"|[13])[a-km-z1-9]{25,59}\b",
    ),
)
