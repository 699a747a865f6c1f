"""What we answer (RFC 5321 §4.2, codes by RFC 3463): fixed texts that give nothing away."""

from collections.abc import Sequence

from filter.rule import RULES
from mailstore.addresses import Address
from mailstore.envelopes import Action, MailClass, Verdict

OK = "250 2.0.0 OK"
BYE = "221 2.0.0 Bye"
HELP = "214 2.0.0 RFC 5321 helps"
CANNOT_VERIFY = "252 2.5.2 Cannot verify, but mail for ours is taken"
READY_FOR_TLS = "220 2.0.0 Ready to start TLS"
NO_TLS = "454 4.7.0 TLS is not available"
NO_MORE_TLS = "503 5.5.1 TLS is on already"
OK_SENDER = "250 2.1.0 Sender ok"
OK_RECIPIENT = "250 2.1.5 Recipient ok"
BAD_SENDER = "501 5.1.7 Bad sender address syntax"
BAD_RECIPIENT = "501 5.1.3 Bad recipient address syntax"
UNKNOWN_MAILBOX = "550 5.1.1 No such mailbox here"
NOT_ASKED = "451 4.4.3 Whether this mailbox exists is not known now, please try again later"
NOT_OURS = "550 5.7.1 Relaying denied"
NOT_TAKEN = "451 4.7.1 Mail for this domain is not taken at present, please try again later"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients"
TOO_LARGE = "552 5.3.4 Message too large"
TRY_LATER = "451 4.3.0 Temporary failure, please try again later"
TOO_MANY_HOPS = "554 5.4.6 Too many hops, this looks like a loop"
BARE_LINE_FEED = "500 5.5.2 A command ends with CRLF"
SILENT = "421 4.4.2 Nothing heard for too long"
CLOSING = "421 4.3.2 Closing, please try again later"
TOO_EARLY = "554 5.5.1 You talk when it is not your turn"
TOO_LONG = "500 5.5.2 Command line too long"
UNKNOWN_COMMAND = "500 5.5.1 Command not recognized"
BAD_COMMAND = "500 5.5.2 A command is one line of text"
NOT_OFFERED = "502 5.5.1 Command not offered here"
NOT_NOW = "503 5.5.1 Not within a mail transaction"
NO_XCLIENT = "550 5.7.0 XCLIENT is for listed peers only"
BAD_PROXY = "554 5.7.0 No PROXY header is expected from you, or not this one"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
NO_SPACE = "452 4.3.1 Not enough storage, please try again later"
TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections, please try again later"
TOO_MANY_FROM_ADDRESS = "421 4.7.0 Too many connections from your address"
TOO_MANY_NEW = "421 4.7.0 Too many new connections from your address, please slow down"
NOT_SCANNED = "451 4.7.1 The message could not be scanned now, please try again later"
NOT_CHECKED = "451 4.7.24 The sender's domain could not be checked, please try again later"
BAD_XCLIENT = "501 5.5.4 Bad XCLIENT attribute"
AUTHOR_NEEDED = "550 5.7.1 From has to name one address, and yours"
HEADER_TOO_LARGE = "552 5.3.4 The header is too large"
TLS_FIRST = "530 5.7.0 Must issue a STARTTLS command first"
NOT_IN_THE_CLEAR = "538 5.7.11 Signing in needs TLS"
SIGN_IN_FIRST = "530 5.7.0 Authentication required"
SIGNED_IN = "235 2.7.0 Signed in"
SIGNED_IN_ALREADY = "503 5.5.1 Signed in already"
DOES_NOT_FIT = "535 5.7.8 Name and password do not fit"
TOO_OFTEN_WRONG = "454 4.7.0 Too many failures, please try again later"
NO_MECHANISM = "504 5.5.4 PLAIN and LOGIN are offered"
CANCELLED = "501 5.7.0 Signing in is cancelled"
BAD_RESPONSE = "501 5.5.2 That is not what was asked for"
NO_SUCH_ATTACHMENTS = "550 5.7.1 The recipient takes no attachments of this kind"
HANDED_OVER = "250 2.0.0 Handed over here"

# Why a verdict puts a mail off, and how that is said.
DEFERRALS = {"not scanned": NOT_SCANNED, "sender domain not checked": NOT_CHECKED}

# What aiosmtpd 1.4.6 refuses in words of its own lacks the code that RFC 2034 §4 asks for.
ENHANCED = {
    b"500": b"500 5.5.2",
    b"501": b"501 5.5.4",
    b"502": b"502 5.5.1",
    b"503": b"503 5.5.1",
    b"552": b"552 5.3.4",
    b"555": b"555 5.5.4",
}


def enhanced(response: bytes) -> bytes:
    """Return a refusal with its enhanced code, which most have already."""
    if response[4:6] == b"5.":
        return response
    return ENHANCED.get(response[:3], response[:3] + b" 5.0.0") + response[3:]


def accepted(public_id: str) -> str:
    """Return the 250 that promises: it is on disk."""
    return f"250 2.6.0 Taken as {public_id}"


def not_yours(address: Address) -> str:
    """Return the 550 for somebody who writes with an address that is not theirs."""
    shown = str(address).encode("ascii", "replace").decode()
    return f"550 5.7.1 You may not write as {shown}"


def deferred(verdicts: Sequence[Verdict]) -> str | None:
    """Return the 451 that puts a mail off which nobody takes, or None if nobody puts it off."""
    reasons = [verdict.reason for verdict in verdicts if verdict.action is Action.DEFER]
    return DEFERRALS.get(reasons[0], TRY_LATER) if reasons else None


def is_temporary(answer: str) -> bool:
    """Whether the sender will try again (RFC 5321 §4.2.1)."""
    return answer.startswith("4")


def refused(verdicts: Sequence[Verdict]) -> str:
    """Return the 550 that says why all recipients refuse."""
    first = verdicts[0]
    mandatory = [
        symbol.name for symbol in first.symbols if symbol.name in first.recipient.policy.mandatory
    ]
    if mandatory and mandatory[0] in RULES:
        return f"550 5.7.1 {RULES[mandatory[0]].refuses}"
    if first.reason == "blocked author":
        return "550 5.7.1 The recipient does not accept mail from this sender"
    if first.mail_class is MailClass.DANGEROUS and first.reason == f"class {first.mail_class}":
        return NO_SUCH_ATTACHMENTS
    return "550 5.7.1 Message refused as spam"
