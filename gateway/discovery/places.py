"""Where MCP clients keep their configuration: below a home folder and in a project, on every system. No Django."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Where a system keeps the settings of programs: Linux, macOS, Windows. All are looked at, because a home folder may
# be one that was mounted or copied from elsewhere.
_SETTINGS: Final = (".config", "Library/Application Support", "AppData/Roaming")

_CODE: Final = ("Code", "Code - Insiders", "VSCodium")
_CLINE: Final = "globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"
_ROO: Final = "globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"

_IN_HOME: Final = (
    ("Claude Code", ".claude.json"),
    ("Cursor", ".cursor/mcp.json"),
    ("Windsurf", ".codeium/windsurf/mcp_config.json"),
    ("Codex", ".codex/config.toml"),
    ("Gemini CLI", ".gemini/settings.json"),
    ("GitHub Copilot CLI", ".copilot/mcp-config.json"),
    ("Amazon Q", ".aws/amazonq/mcp.json"),
    ("Kiro", ".kiro/settings/mcp.json"),
    ("LM Studio", ".lmstudio/mcp.json"),
    ("Junie", ".junie/mcp/mcp.json"),
)
_IN_SETTINGS: Final = (
    ("Claude Desktop", "Claude/claude_desktop_config.json"),
    ("Zed", "zed/settings.json"),
    ("Zed", "Zed/settings.json"),
    ("opencode", "opencode/opencode.json"),
    ("opencode", "opencode/opencode.jsonc"),
)
_IN_CODE: Final = (("VS Code", "mcp.json"), ("VS Code", "settings.json"), ("Cline", _CLINE), ("Roo Code", _ROO))
_IN_PROJECT: Final = (
    ("Claude Code", ".mcp.json"),
    ("Cursor", ".cursor/mcp.json"),
    ("VS Code", ".vscode/mcp.json"),
    ("Codex", ".codex/config.toml"),
    ("Gemini CLI", ".gemini/settings.json"),
    ("Zed", ".zed/settings.json"),
    ("Kiro", ".kiro/settings/mcp.json"),
    ("Roo Code", ".roo/mcp.json"),
    ("Junie", ".junie/mcp/mcp.json"),
    ("opencode", "opencode.json"),
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A file where a client looks for its servers; it need not be there."""

    client: str
    file: Path


def configurations(home: Path, project: Path) -> Iterator[Configuration]:
    """Every file that a client known here would read, those of the home folder first, none of them twice."""
    seen: set[Path] = set()
    for client, file in (*_below_home(home), *((client, project / path) for client, path in _IN_PROJECT)):
        if file not in seen:
            seen.add(file)
            yield Configuration(client, file)


def _below_home(home: Path) -> Iterator[tuple[str, Path]]:
    for client, path in _IN_HOME:
        yield client, home / path
    for folder in _SETTINGS:
        for client, path in _IN_SETTINGS:
            yield client, home / folder / path
        for program in _CODE:
            user = home / folder / program / "User"
            for client, path in _IN_CODE:
                yield client, user / path
            for file in sorted(user.glob("profiles/*/mcp.json")):
                yield "VS Code", file
