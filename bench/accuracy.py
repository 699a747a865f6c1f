"""How well mail is judged, and how fast: ours, and other engines on the same mails in the same run.

    python -m bench.accuracy --ham FOLDER --spam FOLDER --engine rspamd --engine spamassassin
    python -m bench.accuracy --ham FOLDER --spam FOLDER --folds 2 --lessons 250
    python -m bench.accuracy --ham FOLDER --spam FOLDER --symbols --write-hits

Prints, for each judge, the matrix at 5, the curve at other thresholds and milliseconds a mail
(median, p95). Mail that a mandatory rule refuses is counted apart and judged by nobody else's
score. Nothing is asked of the network.
"""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.corpus import HAM, SPAM, Judged, read
from bench.engines import ENGINES
from bench.judges import Judge, Opinion, Ours
from bench.measured import say
from bench.training import opinions_in_folds, taught_with
from filter.rule import load_rules

HELD_AT = 5.0
CURVE = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0)
HITS = Path(__file__).parent.parent / "docs" / "rules-hits.toml"


def main() -> int:
    """Run the bench; 1 if there is no mail."""
    args = _arguments()
    mails = [*read(args.ham, HAM), *read(args.spam, SPAM)]
    if args.every > 1:
        mails = mails[args.offset :: args.every]
    if not mails:
        say("no mail")
        return 1
    ours = Ours().opinions(mails)
    refused = {each.mail.path for each in ours if each.refused}
    _say_refused(ours)
    report(Ours.name, [each for each in ours if not each.refused])
    if args.symbols:
        say("\n".join(symbol_table(ours)))
    if args.wrong:
        say("\n".join(_wrong([each for each in ours if not each.refused])))
    if args.write_hits:
        HITS.write_text(hits_as_toml(ours))
    for name, taught in _taught(args, mails):
        report(name, [each for each in taught if not each.refused])
    others = [mail for mail in mails if mail.path not in refused]
    with ExitStack() as stack:
        for name in args.engine:
            report(name, _asked(stack, name, others))
    return 0


def _taught(
    args: argparse.Namespace, mails: Sequence[Judged]
) -> Iterator[tuple[str, list[Opinion]]]:
    """Yield what is said of mails after lessons, as far as any are asked for."""
    if args.folds:
        name = f"ours, taught with {args.lessons} + {args.lessons}, {args.folds} folds"
        yield name, opinions_in_folds(mails, args.folds, args.lessons)
    if args.train_ham or args.train_spam:
        with taught_with([*read(args.train_ham, HAM), *read(args.train_spam, SPAM)]) as ours:
            yield "ours, taught", ours.opinions(mails)


def report(name: str, opinions: Sequence[Opinion]) -> None:
    """Print what a judge made of mails."""
    say(f"\n{name}\n")
    say(f"{'at':>5} {'spam held':>18} {'ham held':>18}")
    for threshold in CURVE:
        counts = Counter(each.mail.label for each in opinions if each.score >= threshold)
        spam, ham = (_share(counts[label], _count(opinions, label)) for label in (SPAM, HAM))
        mark = " <" if threshold == HELD_AT else ""
        say(f"{threshold:>5g} {spam:>18} {ham:>18}{mark}")
    times = sorted(each.milliseconds for each in opinions)
    p50, p95 = (times[int(len(times) * share)] for share in (0.5, 0.95))
    say(f"milliseconds a mail: median {p50:.2f}, p95 {p95:.2f}")


def symbol_table(opinions: Sequence[Opinion]) -> Iterator[str]:
    """Yield one line for each symbol: its weight, and how often it hits ham and spam."""
    weights = {symbol: rule.weight for symbol, rule in load_rules().items()}
    hits = symbol_hits(opinions)
    ham, spam = _count(opinions, HAM), _count(opinions, SPAM)
    yield f"\n{'symbol':<34} {'weight':>6} {'ham':>14} {'spam':>14}"
    for symbol, (in_ham, in_spam) in sorted(hits.items(), key=lambda each: -each[1][1]):
        shown = f"{_share(in_ham, ham):>14} {_share(in_spam, spam):>14}"
        yield f"{symbol:<34} {weights.get(symbol, 0):>6g} {shown}"


def symbol_hits(opinions: Sequence[Opinion]) -> dict[str, tuple[int, int]]:
    """Return in how many ham and spam mails each symbol was found."""
    found = Counter((symbol, each.mail.label) for each in opinions for symbol in set(each.symbols))
    return {symbol: (found[symbol, HAM], found[symbol, SPAM]) for symbol, _ in found}


def hits_as_toml(opinions: Sequence[Opinion]) -> str:
    """Return the file that docs/rules.md takes its figures from."""
    lines = [
        "# In how many mails each symbol was found: ham, spam. Written by",
        "# `python -m bench.accuracy --ham FOLDER --spam FOLDER --write-hits`.",
        f"mails = [{_count(opinions, HAM)}, {_count(opinions, SPAM)}]",
        "",
        "[hits]",
        *(
            f'"{symbol}" = [{ham}, {spam}]'
            for symbol, (ham, spam) in sorted(symbol_hits(opinions).items())
        ),
    ]
    return "\n".join(lines) + "\n"


def _asked(stack: ExitStack, name: str, mails: Sequence[Judged]) -> list[Opinion]:
    with contextlib.closing(stack):
        judge: Judge = stack.enter_context(ENGINES[name]())
        return judge.opinions(mails)


def _say_refused(opinions: Sequence[Opinion]) -> None:
    counts = Counter(each.mail.label for each in opinions if each.refused)
    shown = ", ".join(
        f"{label} {_share(counts[label], _count(opinions, label))}" for label in (HAM, SPAM)
    )
    say(f"{len(opinions)} mails; refused by a mandatory rule, and counted apart: {shown}")


def _wrong(opinions: Sequence[Opinion]) -> Iterator[str]:
    """Yield what was judged otherwise than it is called, with its symbols."""
    for each in opinions:
        if (each.score >= HELD_AT) != (each.mail.label == SPAM):
            symbols = " ".join(each.symbols)
            yield f"{each.mail.label} {each.score:.1f} {each.mail.path} {symbols}"


def _count(opinions: Sequence[Opinion], label: str) -> int:
    return sum(each.mail.label == label for each in opinions)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / max(whole, 1):.2%})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--ham", type=Path, action="append", required=True)
    parser.add_argument("--spam", type=Path, action="append", required=True)
    parser.add_argument("--train-ham", type=Path, action="append", default=[])
    parser.add_argument("--train-spam", type=Path, action="append", default=[])
    parser.add_argument("--folds", type=int, default=0, help="teach with a part, judge the rest")
    parser.add_argument("--lessons", type=int, default=250, help="of each kind, in each fold")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th mail")
    parser.add_argument("--offset", type=int, default=0, help="where to begin with --every")
    parser.add_argument("--engine", action="append", choices=sorted(ENGINES), default=[])
    parser.add_argument("--symbols", action="store_true", help="print how often each symbol hits")
    parser.add_argument("--wrong", action="store_true", help="print what was judged wrongly")
    parser.add_argument("--write-hits", action="store_true", help=f"write docs/{HITS.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
