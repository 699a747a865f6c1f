"""Signed mails go through relay and worker: their signatures still hold where they come out.

    python -m tests.faults.signed --mails 1000 [--seed N]

A newsletter gets a tag into its Subject, which breaks a signature over the Subject (RFC 6376)
and no other. What was held is released. Exits with 1 if any other signature breaks, or if one
of those holds.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import closing

from bench.installation import USER, Installation
from tests.faults.passage import arrived, send
from tests.faults.scene import arguments, report
from tests.faults.sender import Letter
from tests.faults.signing import Signer, signed_mails, wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if a signature breaks that must not."""
    args = arguments(__doc__, mails=1000).parse_args(argv)
    begun, signer = time.monotonic(), Signer()
    mails = signed_mails(signer, args.seed, args.mails)
    letters = [
        Letter(str(number), (USER,), mail.content, odd=True) for number, mail in enumerate(mails)
    ]
    with Installation(sink_keeps=True, min_free_bytes="0") as it, closing(it.store()) as store:
        passed = arrived(it, store, send(it, letters))
        whole = {each.public_id: each.content for each in it.sink.taken}
    passed.sort(key=lambda each: int(each.letter.id))
    broken = [what for each in passed for what in each.broken()]
    broken += [f"mail {each.letter.id}: {each.attempt.reply}" for each in passed
               if not each.attempt.promised]  # fmt: skip
    came = [whole.get(each.delivery.message.public_id) if each.delivery else None
            for each in passed]  # fmt: skip
    tagged = [each.tagged for each in passed]
    broken += wrong(signer, mails, came, tagged)
    both = sum(tag and mail.subject for tag, mail in zip(tagged, mails, strict=True))
    figures: dict[str, object] = {
        "mails": len(mails),
        "came": sum(content is not None for content in came),
        "tagged": sum(tagged),
        "broken_by_tag": both,
        "seconds": time.monotonic() - begun,
    }
    return report("signed", args.seed, figures, broken)


if __name__ == "__main__":
    sys.exit(main())
