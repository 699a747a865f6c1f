"""Signed mails (RFC 6376, RFC 8463) in all the shapes that a signature must survive."""

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

DOMAIN = b"signer.example"
WAYS = tuple(product((b"relaxed", b"simple"), (b"relaxed", b"simple")))
NEWSLETTER = (b"List-Unsubscribe: <mailto:off@signer.example>", b"List-Id: News <n.signer.example>")
NEWSLETTER_SHARE, MOST_HAVE_A_BODY, SUBJECT_SHARE = 0.1, 0.95, 0.7
SIGNED = (b"From", b"To", b"Date", b"Message-ID")
SUBJECTS = (
    b"Subject: Offerte",
    b"Subject:Offerte",
    b"subject:   Offerte  \t ",
    b"SUBJECT:\r\n Offerte\r\n\tvon gestern",
    b"Subject: Offerte\r\n \t \r\n und mehr",
    b"Subject: =?utf-8?q?Gr=C3=BCsse?=\r\n =?utf-8?b?w7xi?=",
    b"Subject: Gr\xc3\xbcsse aus Chur",
    b"Subject: Gr\xfcsse aus Chur",
    b"Subject: " + b"x" * 989,
    b"Subject:",
)
FIELDS = (
    b"X-Folded: a\r\n\tb\r\n  c   d\t\te  ",
    b"X-Empty:",
    b"X-Note:   two   \t spaces   ",
    b"X-Note: the second one",
    b"X-Long: " + b"y" * 3000,
    b"Authentication-Results: mx.there.example; spf=pass",
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8",
    b"Received: from a.there.example\r\n\tby b.there.example;\r\n\tTue, 24 Nov 2026 10:00:00 +0100",
)
BODIES = (
    b"",
    b"\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"Guten Tag\r\n",
    b"Guten Tag\r\n\r\n\r\n\r\n",
    b"  spaces  at   the end   \r\n\t\r\n \r\n",
    b".\r\n..\r\n...\r\n.a\r\n..b\r\n",
    b"From here on\r\n>From there\r\n",
    b"Gr\xc3\xbcsse \xe2\x98\x82\r\n",
    bytes(range(128, 256)) + b"\r\n",
    b"\0\x01\x7f\r\n",
    b"x" * 998 + b"\r\n",
    b"x" * 999 + b"\r\n.\r\n" + b".y" * 1000 + b"\r\n",
    b"x" * 60_000 + b"\r\n",
    b"w " * 30_000 + b"\r\n",
    b"lines\r\n" * 20_000,
)


@dataclass(slots=True)
class Signer:
    """An RSA and an Ed25519 key of one domain, and the records that publish them."""

    records: dict[bytes, bytes] = field(default_factory=dict)
    _keys: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = rsa.generate_private_key(65537, 2048)
        encoded = serialization.Encoding, serialization.PublicFormat, serialization.PrivateFormat
        encoding, public, private = encoded
        secret = first.private_bytes(
            encoding.PEM, private.TraditionalOpenSSL, serialization.NoEncryption()
        )
        shown = first.public_key().public_bytes(encoding.DER, public.SubjectPublicKeyInfo)
        self._add(b"rsa", b"rsa-sha256", secret, shown)
        second = ed25519.Ed25519PrivateKey.generate()
        raw = second.private_bytes(encoding.Raw, private.Raw, serialization.NoEncryption())
        shown = second.public_key().public_bytes(encoding.Raw, public.Raw)
        self._add(b"ed25519", b"ed25519-sha256", base64.b64encode(raw), shown)

    def sign(
        self, mail: bytes, chance: random.Random, way: tuple[bytes, bytes], *, subject: bool
    ) -> bytes:
        """Return a mail with one signature on top, or with one of each key."""
        names = [*SIGNED, *([b"Subject"] * (2 * subject))]
        names += chance.choice(((), (b"X-Note", b"X-Folded", b"X-Note"), (b"MIME-Version",)))
        for selector, algorithm, secret in chance.choice(
            (self._keys[:1], self._keys[1:], self._keys)
        ):
            mail = dkim.sign(
                mail,
                selector,
                DOMAIN,
                secret,
                canonicalize=way,
                include_headers=names,
                signature_algorithm=algorithm,
            ) + mail  # fmt: skip
        return mail

    def verifies(self, mail: bytes) -> list[bool]:
        """Return for each of a mail's signatures whether it holds."""
        checked = dkim.DKIM(mail)
        count = sum(name.lower() == b"dkim-signature" for name, _ in checked.headers)
        return [self._holds(mail, index) for index in range(count)]

    def _holds(self, mail: bytes, index: int) -> bool:
        try:
            return bool(dkim.DKIM(mail).verify(idx=index, dnsfunc=self._ask))
        except dkim.DKIMException:
            return False

    def _ask(self, name: bytes, timeout: int = 5) -> bytes | None:
        return self.records.get(name)

    def _add(self, selector: bytes, algorithm: bytes, secret: bytes, public: bytes) -> None:
        name = b"%s._domainkey.%s." % (selector, DOMAIN)
        self.records[name] = b"v=DKIM1; k=%s; p=%s" % (selector, base64.b64encode(public))
        self._keys.append((selector, algorithm, secret))


@dataclass(frozen=True, slots=True)
class SignedMail:
    """A mail as it is sent, whether it is a newsletter, and whether its Subject is signed."""

    content: bytes
    newsletter: bool
    subject: bool


def signed_mails(signer: Signer, seed: int, count: int) -> list[SignedMail]:
    """Return so many signed mails; their shapes follow from the seed, the keys are new."""
    chance = random.Random(seed)  # noqa: S311 (repeatable on purpose)
    return [_signed(signer, chance, number) for number in range(count)]


def _signed(signer: Signer, chance: random.Random, number: int) -> SignedMail:
    newsletter = chance.random() < NEWSLETTER_SHARE
    subject = chance.random() < SUBJECT_SHARE
    fields = [
        b"From: Signer <news@signer.example>",
        b"To: user@rcpt.example",
        b"Date: Tue, 24 Nov 2026 10:00:00 +0100",
        b"Message-ID: <%d@signer.example>" % number,
        SUBJECTS[number % len(SUBJECTS)],
        *chance.sample(FIELDS, chance.randint(0, 3)),
        *(NEWSLETTER if newsletter else ()),
    ]
    chance.shuffle(fields)
    head = b"\r\n".join(fields) + b"\r\n"
    # Now and then not even the empty line is there that ends the head (RFC 5322 §3.5).
    mail = head + b"\r\n" + _body(chance, number) if chance.random() < MOST_HAVE_A_BODY else head
    way = WAYS[number % len(WAYS)]
    return SignedMail(signer.sign(mail, chance, way, subject=subject), newsletter, subject)


def _body(chance: random.Random, number: int) -> bytes:
    return BODIES[number % len(BODIES)] + chance.choice((b"", b"", b"Gruss\r\n", b"\r\n", b".\r\n"))


def wrong(
    signer: Signer,
    mails: Sequence[SignedMail],
    came: Sequence[bytes | None],
    tagged: Sequence[bool],
) -> list[str]:
    """Return a sentence for each mail whose signatures do not say what they must."""
    found = []
    for number, (mail, content, tag) in enumerate(zip(mails, came, tagged, strict=True)):
        if tag != mail.newsletter:
            found.append(f"mail {number}: tagged is {tag}")
        if not all(signer.verifies(mail.content)):
            found.append(f"mail {number}: does not verify before it is sent")
        holds = [] if content is None else signer.verifies(content)
        if not holds or set(holds) != {not (tag and mail.subject)}:
            found.append(f"mail {number}: verifies {holds}, tagged {tag}, Subject {mail.subject}")
    return found
