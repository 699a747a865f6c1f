"""Reading a mail: parsed and looked at by rules, in a sandboxed child.

Nothing that only the parent needs is imported here: each child holds it in memory again.
"""

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from filter import headers
from filter.authentication import authenticate
from filter.rule import ALL, Exam, Rule, found_by, load_rules
from filter.tokens import tokens_of
from mailstore.envelopes import Client, Symbol
from mailstore.mime import Mail
from mailstore.sandbox_child import Ask
from mailstore.threads import thread_of

MOST_AUTHORS = 10


def examine(args: dict[str, Any], raw: bytes, ask: Ask) -> dict[str, Any]:
    """Return symbols, summary and authentication results of a mail; the child's side."""
    client = Client(**args["client"])
    mail = Mail(raw)
    sender = args["sender"]
    exam = Exam(mail, client, sender, outside=args["authenticate"])
    if args["authenticate"]:
        found = authenticate(mail, client, sender, ask, args["arc_sealers"])
        exam = replace(exam, authentication=found)
    symbols = find_symbols(exam, _rules(tuple(args["rules_off"])))
    return {
        "symbols": [[symbol.name, symbol.detail[:200]] for symbol in symbols],
        "summary": summarize(mail, args["hostname"]),
        "lines": exam.authentication.lines,
        "spf": exam.authentication.spf,
        "proofs": exam.authentication.proofs,
        "reply_to": mail.reply_to,
        "authors": [[name[:200], str(author)] for name, author in mail.authors[:MOST_AUTHORS]],
        "tokens": tokens_of(mail, bytes.fromhex(args["learned"])) if args.get("learned") else [],
        "hops": len(mail.headers("Received")),
    }


@functools.cache
def _rules(off: tuple[str, ...]) -> tuple[Rule, ...]:
    rules = load_rules().values()
    return tuple(each for each in rules if each.symbol not in off and ALL not in off)


def find_symbols(exam: Exam, rules: Iterable[Rule]) -> list[Symbol]:
    """Return what the rules that look at mails find."""
    return [
        symbol
        for each in rules
        if each.find is not None
        for symbol in found_by(each.symbol, each.find, exam)
    ]


def summarize(mail: Mail, hostname: str) -> dict[str, Any]:
    """Return what lists show of a mail."""
    authors = mail.authors
    name, author = authors[0] if len(authors) == 1 else ("", None)
    return {
        "author": str(author) if author else "",
        "author_name": name[:200],
        "subject": mail.header("Subject")[:500],
        "message_id": mail.header("Message-ID")[:500],
        "snippet": mail.snippet,
        "attachments": len(mail.attachments),
        "thread": thread_of(*map(mail.header, ("References", "In-Reply-To", "Message-ID"))),
        "cuts": headers.cuts(mail.raw, hostname),
    }


load_rules()
SERVED = {"examine": examine}
