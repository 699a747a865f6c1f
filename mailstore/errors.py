"""What nobody planned, by name; expected outcomes are values instead."""


class MailhafenError(Exception):
    """The base of our own exceptions."""


class Misconfigured(MailhafenError):
    """A setting is missing, weak or contradicts another; the text says which and why."""


class BadAddress(MailhafenError):
    """The text is not one mailbox address."""


class BadName(MailhafenError):
    """A name, domain, host or number given by a person cannot be used; the text says why."""


class NotFound(MailhafenError):
    """The bytes asked for are not there (any more)."""


class Corrupt(MailhafenError):
    """Stored bytes do not fit their key or hash; they must not be shown or delivered."""


class SandboxFailed(MailhafenError):
    """The child that parsed foreign content was killed, crashed or refused it."""
