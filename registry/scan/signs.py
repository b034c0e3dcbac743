"""Forms of text that are findings wherever they stand: RE2 patterns, without case. Data alone. Pure: no Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sign:
    """A rule and the pattern of its text. It is left out where the item's name speaks of the purpose `about`."""

    rule: str
    pattern: str
    about: str = ""


_SPEAKER: Final = r"(?:system|developer|admin(?:istrator)?|root|host|platform|security)"
_NOTICE: Final = (
    r"(?:message|prompt|notice|override|alert|instructions?|directives?|update|note|command|announcement|warning|policy"
    r"|reminder|notification|check|requirement)"
)

SIGNS: Final[tuple[Sign, ...]] = (
    Sign(
        "chat-template-token",
        r"<\|/?(?:im_(?:start|end|sep)|system|user|assistant|tool|end|endoftext|endofprompt|begin_of_text|end_of_text"
        r"|start_header_id|end_header_id|eot_id|eom_id|end_of_turn|start_of_turn|start_of_role|end_of_role|fim_\w+"
        r"|python_tag|channel|message|return|call|start|constrain|pad|sep)\|>"
        r"|<\x{ff5c}[^<>\n]{2,40}\x{ff5c}>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>"
        r"|</?(?:antml:)?(?:function_calls|function_results|tool_calls?|tool_results?|tool_response|invoke name)\b"
        r"|\[/?(?:TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\]"
        r"|\n\n(?:Human|Assistant|User|System):\s|^\s*(?:Human|Assistant):\s.{0,200}\n\s*(?:Human|Assistant):"
        r"|#{2,3} ?(?:System|Assistant|Human):\s",
        about="tokenizing",
    ),
    Sign(
        "forged-system-message",
        rf"(?m)(?:^|[.!?\n])[\s\[\](){{}}<>*#_=\-|!\"'`~:.]*\b{_SPEAKER}[ _-]{_NOTICE}\b[^.\n:]{{0,60}}[:\])}}>*]"
        r"|\[\s*/?(?:system|developer|admin|root|internal|hidden|secret)(?: (?:message|note|prompt|only"
        r"|override))?\s*\]|</?(?:system|developer|admin|root|secret|hidden|internal|system[-_ ]\w+|assistant|ai_only"
        r"|ai[-_]instructions?|llm[-_]?\w*|model[-_]instructions?|hidden[-_]\w+|secret[-_]\w+"
        r"|private[-_]instructions?)(?:\s[^<>]{0,80})?>\s*\w"
        r"|(?m)^[\s*#\-\[]*system\s*(?:\]|\*\*)?\s*:\s*(?:you|ignore|the|from|all|do|never|always|new|override|user"
        r"|must|please)\b"
        r"|\bbegin (?:system|hidden|secret|admin)\b|-{3,}\s*(?:system|end of (?:tool )?(?:description|documentation"
        r"|user input)|new instructions?)\b|={3,}\s*system\b"
        r"|\"role\"\s*:\s*\"(?:system|developer|assistant|tool)\""
        r"|(?:^|\n)\s*#{1,4} ?(?:user|human|assistant|system|tool)\s*\n[^\n]+\n+"
        r"\s*#{1,4} ?(?:user|human|assistant|system|tool)\s*\n",
    ),
    Sign(
        "forged-boundary",
        r"</(?:tool_?description|description|tools?|tool_?definitions?|instructions?|context|function|functions"
        r"|documents?|user_?(?:input|query|message)|untrusted(?:[-_]\w+)?|data|input|parameters?|schema"
        r"|available_tools)>"
        r"|\bend of (?:tool|function) (?:description|definition|documentation|metadata)s?\b|\bend of (?:the "
        r")?(?:description|documentation|schema)\b[^a-z]{0,6}(?:new|now|system|begin|the following|assistant)",
    ),
    Sign(
        "instruction-tag",
        r"<(?:important|critical|instructions?|rules?|priority|mandatory|directives?|override|urgent|attention|must"
        r"|required|requirement|policy|note|notice|system_note|security|prerequisite|precondition|thinking|task"
        r"|command|extra|setup|before_use|usage_policy)(?:[-_ :][^<>]{0,60})?/?>"
        r"|\[(?:important|critical|instructions?|mandatory|urgent|attention|override|ai|assistant|llm|model"
        r"|agent)(?: [a-z ]{0,40})?\]",
    ),
    Sign(
        "active-markup",
        r"<script\b[^<>]*>[^<]*\S[^<]*</script|<script\b[^<>]*\bsrc\s*=|\bjavascript:\s*[\w(]|\bvbscript:"
        r"|<[a-z]+\b[^<>]*\son(?:error|load|click|mouse\w+|focus|begin|toggle)\s*=|<iframe\b[^<>]*\bsrc\s*="
        r"|<(?:object|embed)\b[^<>]*\b(?:data|src)\s*="
        r"|<meta\b[^<>]*http-equiv\s*=\s*[\"']?(?:refresh|set-cookie)|<form\b[^<>]*\baction\s*=\s*[\"']?https?:"
        r"|data:text/html|data:application/(?:javascript|xhtml)|<base\b[^<>]*\bhref\s*="
        r"|<link\b[^<>]*\bhref\s*=\s*[\"']?(?:https?:)?//|<style\b[^<>]*>[^<]*(?:@import|url\()",
        about="detecting",
    ),
    Sign(
        "image-that-reports",
        r"!\[[^\]]*\]\(\s*<?(?:https?:)?//[^)\s]*(?:\{|\$|%7B|<|\[|[?&][\w-]+=(?:\)|\s|$|[A-Z_]{3,}|\.\.\.|base64"
        r"|data|encoded|secret|token|conversation|history|summary|text|context|content|payload|the|user))"
        r"|<img\b[^<>]*\bsrc\s*=\s*[\"']?(?:https?:)?//[^\s\"'>]*(?:\{|\$|%7B|\[|[?&][\w-]+=(?:[\"'\s>]|[A-Z_]{3,}"
        r"|\.\.\.))"
        r"|\]\(\s*(?:https?:)?//[^)\s]*[?&#/][\w-]*=?(?:\{\{?|\$\{?|<|%7B|\[)(?:[\w ]*)(?:data|secret|token"
        r"|conversation|history|summary|context|content|payload|message|prompt|key|answer|user|env|chat|session|base64"
        r"|encoded|profile|record|result|reply|body)"
        r"|\b(?:https?:)?//[^\s\"'<>]*[?&/][\w-]*=?(?:\{\{?|\$\{?|<|\[)(?:[a-z_ ]*)(?:secret|token|conversation"
        r"|history|system[ _]?prompt|api_?key|password|env|chat|credential|ssh)",
    ),
    Sign(
        "command-lure",
        r"\b(?:curl|wget|iwr|irm)\b[^\n;]{0,200}\|\s*(?:sudo\s+)?(?:(?:ba|z|da|k)?sh|python\d?|perl|node|iex)\b"
        r"|\bpowershell(?:\.exe)?\s[^\n]{0,60}-(?:e|en|enc|encodedcommand)\s+[a-z0-9+/=]{12,}"
        r"|\biex\s*\(?\s*\(?\s*new-object\b|\.downloadstring\s*\(|\b(?:ba|z)?sh\s+<\(\s*curl\b"
        r"|\bpython\d?\s+-c\b[^\n]{0,200}(?:exec|eval)\s*\(|\b(?:exec|eval)\s*\([^\n]{0,80}urlopen\s*\(",
        about="commanding",
    ),
    Sign("remote-image", r"!\[[^\]]*\]\(\s*<?(?:https?:)?//|<img\b[^<>]*\bsrc\s*=\s*[\"']?(?:https?:)?//"),
    Sign("hidden-comment", r"<!--[^>]*\w+\W+\w+\W+\w+"),
    Sign(
        "template-expression",
        r"(?:\{\{|\$\{|\{%|<%=?|#\{)[^{}%<>\n]{0,80}(?:\benv[.\[]|process\.|system_?prompt|conversation"
        r"|chat_?history|message_?history|\bmessages\b|__\w+__|constructor|\bself\.|request\.|os\.|\bimport\b"
        r"|jndi:|require\(|runtime\.|\beval\b|\bexec\b|user_?(?:prompt|message)s?\b)[^{}%<>\n]{0,80}(?:\}|%>)",
    ),
)
