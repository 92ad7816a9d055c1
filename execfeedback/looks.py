"""Which lines look like code in languages other than Python, and what looks like a program. A line at a time, and no more of
it than its beginning.
"""

import re
from functools import cache

from execfeedback.foreign import LONG, bare

_WORDS = (
    r"(?:(?:pub(?:\(\w+\))?|public|private|protected|internal|static|async|export|default|local|abstract|final|override"
    r"|inline|virtual|unsafe|open|sealed|data|pure|recursive|integer|real|lazy)[ \t]+)*"
)
_DEFINERS = (
    r"(?:fn|func|fun|function\*?|def|defp|defmodule|sub|proc|procedure|subroutine|program|class|struct|enum|trait|impl"
    r"|object|interface|type|record)"
)
_CONTROL = r"(?:if|for|foreach|while|switch|catch|elsif|elseif|unless|until|match|case|when|loop)"
_LOOKS = (
    r"[^\n]*(?:[;{}]|[\w>\])=][ \t]*[({\[]|=|->|=>|\|\||&&|\bthen|\bdo|\bbegin)$",
    r"#(?:include|define|pragma|import|if|endif|!)|<\?php|\?>|@\w+[ \t]*(?:\(|$)",
    r"package[ \t]+[\w.]+$|import[ \t]*\(|use[ \t]+[\w\\]+(?:::|\\)|require(?:_relative)?[ \t]*[\"'(]",
    r"import[ \t]+(?:(?:static|qualified)[ \t]+)?[\w.*\"'{(<@/-]+[ \t]*(?:$|;|\(|as\b|from\b|hiding\b)",
    r"module[ \t]+[\w.]+[ \t]*(?:where|$|\()",
    rf"{_WORDS}{_DEFINERS}[ \t]+[\w.:<>]+[?!]?[ \t]*(?:[({{=<:\[]|$|(?:is|returns?|extends|implements)\b)",
    r"return(?:$|[ \t]+\S+$|[ \t]+[^\n]*[-+*/%<>=.(\[])",
    r"(?:end|fi|done|esac|else|break|continue|begin|then|do)[ \t;,.)]*$",
    r"end[ \t]+(?:function|subroutine|program|if|do|module|\w+;)",
    rf"\}}?[ \t]*{_CONTROL}\b[^\n]*(?:[{{(:]|\bthen|\bdo|\)|=>|->)$|(?:if|for|while|switch|catch|foreach)[ \t]*\(",
    r"(?:[\w:<>\[\],*&$@%.-]+[ \t]+){0,3}[\w$@%.\[\]()>:*&'\"-]+[ \t]*[-+*/%|&^:.?~<]?=[ \t]*[^\s=]",
    r"[^\n]*(?::=|<-|[ \t]->[ \t]|=>|\w::\w|[ \t]::[ \t]|\|>|&&|\|\|)",
    r"[\w.:$>!?@-]+[.(]?\([^\n]*\)?[)\]},]*$|[\w$]+(?:\.\w+[!?]?)+(?:\(|$|[ \t]do\b|[ \t]*\{)|\.\w+\(",
    r"[\w$\"'.+-]*[ \t]*(?::[ \t]*\S+)?,$|[\[{(][^\n]*[\]})],?$|[)\]}]+[;,.)\]}]*$",
    r"(?:var|val)[ \t]+[\w$]+[ \t]+[\w.*\[\]]+$|(?:puts|print|println|echo|say|printf|write|p)[ \t]+[\"'$@#]",
)
"""A line of code in most languages. A sentence ends with a full stop and has its brackets in the middle."""
_LISPS = (r"#lang[ \t]|[('`\[]+[\w*+<>=/:.?!-]+[^.]*$|[)\]]+",)
_SQL = (
    r"(?:select|insert|update|delete|create|drop|alter|from|where|having|limit|union|values|and|or|on|set)\b[^\n]*[^.\n]$",
    r"(?:(?:group|order)[ \t]+by|(?:left[ \t]+|inner[ \t]+)?join|with[ \t]+(?:recursive[ \t]+)?\w+[ \t]*(?:\(|as\b))"
    r"[^\n]*[^.\n]$|[\w.]+,?$",
)
_ALSO = {
    "bash": (
        r"(?:echo|read|local|export|declare|printf|set|cd|shift|exit)\b|if[ \t]+\[|\[\[|[^\n]*\$[\w({@#*]",
    ),
    "cobol": (
        r"[A-Z0-9-]+(?:[ \t][^a-z\n]*)?\.?$|(?i:(?:\d\d|accept|add|compute|display|move|perform|stop)[ \t]|end-\w"
        r"|[\w-]+[ \t]+(?:division|section)\.|program-id\.)",
    ),
    "erlang": (r"-\w+\(|\w+\([^\n]*\)[.,;]?$|[^\n]*->",),
    "haskell": (r"\||(?:where|in|let)\b|case\b[^\n]*\bof$",),
    "html": (r"<[!/a-zA-Z]|[^\n]*>$",),
    "ocaml": (r"[A-Z]\w*\.\w+[ \t]|\||let\b[^\n]*=|in\b|;;|match\b[^\n]*with$",),
    "perl": (r"(?:my|our|use|print|say|while|chomp)\b[^\n]*[;{]|[^\n]*[$@%]\w",),
    "php": (r"[^\n]*\$\w",),
    "prolog": (r"[^\n]*:-|\w+\([^\n]*\)[.,]$",),
    "ruby": (r"(?:puts|print|p|gets|attr_\w+|include|raise|loop)\b",),
    "sql": tuple(f"(?i:{each})" for each in _SQL),
    "tcl": (r"(?:set|puts|proc|foreach|incr|lappend|gets|expr|return)[ \t]|[^\n]*\$\w",),
    "verilog": (r"(?:module|endmodule|always|assign|initial|input|output|reg|wire|begin|end)\b",),
} | dict.fromkeys(("clojure", "lisp", "racket", "scheme"), _LISPS)
_PROGRAM = (
    r"\bmain\b[ \t]*(?:\(|=|::)|\bMain\(|\bprogram[ \t]+\w|\b\w*scanf\b|\bcin[ \t]*>>|\bgetline\b|\b[rR]ead_?[lL]ine?s?\b",
    r"\bScanner\(|\bBufferedReader\(|process\.stdin|\breadFileSync\b|\bSTDIN\b|\$stdin|\bstdin\b|\bgets\b|\bfgets\b",
    r"io\.read|\bread[ \t]+-?\w|\bbufio\.|fmt\.F?[sS]can|\bgetContents\b|\binteract\b|<STDIN>|<>|Console\.(?:Read|In)",
    r"\b[rR]ead(?:[lL]n)?[ \t]*\(|\((?:read|read-line)[ \t]*\)",
    r"\b(?i:accept)[ \t]+\w|\bGet(?:_Line)?[ \t]*\(|\bread_line|\bmain[ \t]*:-",
)
_SENTENCE = re.compile(r"[^\n]*?(?:\b[A-Za-z'-]{2,}[,:;]? ){5}")
_VERB = re.compile(r"[ \t]*(?i:with|select|insert|update|delete|create|drop|alter|pragma|begin)\b")
_WORDY = frozenset({"cobol", "sql"})
_READS = re.compile("|".join(_PROGRAM))


@cache
def _looking(language: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in (*_LOOKS, *_ALSO.get(language, ()))))


def looks(code: str, language: str) -> list[bool | None]:
    """For each line whether it looks like code; None where it is blank or a comment."""
    pairs = zip(code.split("\n"), bare(code, language).split("\n"), strict=True)
    return [_looks(text.strip()[:LONG], told.strip()[:LONG], language) for text, told in pairs]


def _looks(text: str, told: str, language: str) -> bool | None:
    if not told:
        return None
    if language not in _WORDY and _SENTENCE.match(told):
        return False
    looking = _looking(language)
    return bool(looking.match(told) or looking.match(text))


def reads_as_code(code: str, language: str) -> bool:
    """Whether at least half of its lines look like code, and one does."""
    told = [each for each in looks(code, language) if each is not None]
    return 2 * sum(told) >= max(1, len(told)) and any(told)


def plain_code(text: str, language: str) -> str | None:
    """The run of lines from the first to the last that look like code, with the comments above it; None for prose."""
    told, lines = looks(text, language), text.split("\n")
    at = [place for place, each in enumerate(told) if each]
    if language == "sql":
        at = at[next((n for n, place in enumerate(at) if _VERB.match(lines[place])), len(at)) :]
    if not at:
        return None
    first = at[0]
    while first and told[first - 1] is None:
        first -= 1
    code = "\n".join(lines[first : at[-1] + 1])
    return code if reads_as_code(code, language) else None


def is_program(code: str, language: str) -> bool:
    """Whether the code has a main function, by its looks, or reads input."""
    return _READS.search(bare(code, language)) is not None
