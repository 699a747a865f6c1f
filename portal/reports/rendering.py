"""The report mail of a person: its words, its links, its two parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, parse_pattern

from mailstore.addresses import Address
from mailstore.envelopes import HeldRight, MailClass
from mailstore.heldlist import Head
from mailstore.refusals import Refusal
from mailstore.reports.drafts import Draft
from mailstore.reports.lines import Named
from mailstore.reports.rows import LinkKind
from mailstore.senders import Listed
from mailstore.settings import Settings
from portal.languages import SPOKEN
from portal.links import LinkSigner
from portal.looks import attach, look_of
from portal.mails import begun, fill, named, shown, spoken, templates, translations
from portal.reasons import reasons_of

LONGEST_ADDRESSES = 12
# Read once: there are twenty in each report.
MOMENTS = {
    language: parse_pattern(f"EEE d{'.' if language == 'de' else ''} MMM HH:mm")
    for language in SPOKEN
}


@dataclass(frozen=True, slots=True)
class Line:
    """A mail as the report shows it; `ends` is the day on which it is deleted, if that is soon.

    `kinds` is what its reader may enter about its sender.
    """

    author: str
    subject: str
    to: str
    at: str
    mail_class: MailClass
    reasons: Sequence[str] = ()
    url: str = ""
    right: HeldRight = HeldRight.SEE
    ends: str = ""
    kinds: frozenset[Listed] = frozenset()


class Renderer:
    """Renders report mails in a person's language and zone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signer = LinkSigner(settings.signing_keys)

    def render(self, draft: Draft, to: Address) -> EmailMessage:
        """Return the report as a mail with a text and an HTML part."""
        return _Rendering(self, self._settings, draft).mail(to)

    def first_url(self, draft: Draft) -> str:
        """Return the link of the first mail that people may deliver, or else of the quarantine."""
        for held in (*draft.lines.new, *draft.lines.others):
            if draft.lines.rights.to(held) is HeldRight.DELIVER:
                return self.url(draft, LinkKind.HELD, held)
        return self.url(draft, LinkKind.QUARANTINE)

    def url(self, draft: Draft, kind: LinkKind, mail: Named | None = None) -> str:
        """Return a link of a report."""
        token = self._signer.sign(draft.link(kind, mail), kind)
        place = "u" if kind is LinkKind.UNSUBSCRIBE else "l"
        return f"{self._settings.base_url.rstrip('/')}/{place}/{token}"


class _Rendering:
    """One report that is being rendered."""

    def __init__(self, renderer: Renderer, settings: Settings, draft: Draft) -> None:
        self._renderer, self._settings, self._draft = renderer, settings, draft
        self._language = spoken(draft.mailbox.language, draft.tenant.language)
        self._locale = Locale.parse(self._language)
        self._catalogue = translations(self._language)

    def mail(self, to: Address) -> EmailMessage:
        draft = self._draft
        mail = begun(
            self._subject(),
            named(draft.tenant.name, self._settings.report_author),
            named(draft.mailbox.name, str(to)),
            self._zone,
            self._settings.hostname,
            "report",
        )
        if draft.policy.report_choice:
            # RFC 8058 §3.1: a program stops the reports of this mailbox by a POST without cookies.
            mail["List-Unsubscribe"] = f"<{self._url(LinkKind.UNSUBSCRIBE)}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        look = look_of(draft.brand, self._settings.hostname)
        shown = self._shown() | {"look": look}
        fill(mail, templates(self._catalogue), "report/report", shown)
        attach(mail, draft.brand, look)
        return mail

    @cached_property
    def _zone(self) -> ZoneInfo:
        return self._draft.tenant.zoneinfo

    def _subject(self) -> str:
        """Return the numbers: what is new, and what else is in it."""
        ngettext, lines = self._catalogue.ngettext, self._draft.lines
        new, others = len(lines.new) + len(lines.folded) + lines.more, len(lines.others)
        if self._draft.at_once:
            said = ngettext(
                "%(num)d message was held a moment ago",
                "%(num)d messages were held a moment ago",
                new,
            )
            return str(said % {"num": new})
        said = ngettext(
            "%(num)d new message in quarantine", "%(num)d new messages in quarantine", new
        )
        counts = [str(said % {"num": new})]
        if others and self._draft.asked and not new:
            said = ngettext(
                "%(num)d message in quarantine", "%(num)d messages in quarantine", others
            )
            return str(said % {"num": others})
        if others and self._draft.asked:
            counts.append(ngettext("%(num)d older", "%(num)d older", others) % {"num": others})
        elif others:
            said = ngettext("%(num)d is deleted soon", "%(num)d are deleted soon", others)
            counts.append(said % {"num": others})
        return ", ".join(counts)

    def _shown(self) -> dict[str, object]:
        draft, lines = self._draft, self._draft.lines
        return {
            "language": self._language,
            "tenant": draft.tenant.name,
            "name": draft.mailbox.name,
            "addresses": self._addresses(),
            "today": format_date(
                draft.slot.astimezone(self._zone).date(), "full", locale=self._language
            ),
            "code": draft.code,
            "asked": draft.asked,
            "at_once": draft.at_once,
            "only_news": not (draft.asked or draft.policy.report_empty),
            "new": [self._held(each) for each in lines.new],
            "others": [self._held(each, ends=True) for each in lines.others],
            "folded": len(lines.folded),
            "more": lines.more,
            "tagged": [self._line(each, LinkKind.TAGGED) for each in lines.tagged],
            "refused": [self._refused(each) for each in lines.refused],
            "blocked": lines.blocked,
            "all_url": self._url(LinkKind.ALL),
            "quarantine_url": self._url(LinkKind.QUARANTINE),
            "webmail_url": self._url(LinkKind.WEBMAIL),
            "settings_url": self._url(LinkKind.SETTINGS) if draft.policy.report_choice else "",
            "held_days": draft.tenant.days_under(draft.policy)[1],
            "link_days": (draft.ends_at - draft.slot).days,
        }

    def _addresses(self) -> str:
        named = list(self._draft.addresses[:LONGEST_ADDRESSES])
        return ", ".join(named if len(named) == len(self._draft.addresses) else [*named, "…"])

    def _held(self, mail: Named, *, ends: bool = False) -> Line:
        return self._line(mail, LinkKind.HELD, ends=ends)

    def _line(self, mail: Named, kind: LinkKind, *, ends: bool = False) -> Line:
        gettext = self._catalogue.gettext
        return Line(
            author=_author(mail.message),
            subject=shown(mail.message.subject),
            to=self._to(mail.recipient),
            at=self._moment(mail.accepted_at),
            mail_class=mail.mail_class,
            reasons=[gettext(each) for each in reasons_of(mail.reason, mail.symbols)],
            url=self._url(kind, mail),
            right=self._draft.lines.rights.to(mail),
            ends=self._moment(mail.held_until) if ends and mail.held_until else "",
            kinds=self._draft.kinds.get(mail.mailbox_id or 0, frozenset()),
        )

    def _refused(self, refusal: Refusal) -> Line:
        return Line(
            author=shown(refusal.author or refusal.sender),
            subject=shown(refusal.subject),
            to=self._to(refusal.recipient),
            at=self._moment(refusal.at),
            mail_class=MailClass.SPAM,
            reasons=[self._catalogue.gettext(each) for each in reasons_of(refusal.reason, [])],
        )

    def _to(self, recipient: str) -> str:
        """Return the address a mail was for, where it is not the person's main one."""
        return "" if recipient.lower() == self._draft.mailbox.address.lower() else shown(recipient)

    def _url(self, kind: LinkKind, mail: Named | None = None) -> str:
        return self._renderer.url(self._draft, kind, mail)

    def _moment(self, at: datetime) -> str:
        return MOMENTS[self._language].apply(at.astimezone(self._zone), self._locale)


def _author(message: Head) -> str:
    name, author = message.author_name, message.author or message.sender
    return shown(f"{name} <{author}>" if name else author)
