"""Invitations and visiting cards as text, whatever is in them."""

import time

import pytest
from flask.testing import FlaskClient

from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.content.attachments import File
from portal.content.calendars import Said, appointments_in
from portal.content.contacts import contacts_in
from tests.portal.browsing import said
from tests.portal.mails import SAMPLES, TEXT, of_parts, stored

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

ICS = "BEGIN:VCALENDAR\r\n{}\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
VCF = "BEGIN:VCARD\r\n{}\r\nEND:VCARD\r\n"


def read(lines: str, method: str = "METHOD:REQUEST") -> Said:
    content = ICS.format(method, lines).encode()
    (found,) = appointments_in([File("1", "", "text/calendar", content, risky=False)])
    return found


def contact(lines: str) -> Said:
    (found,) = contacts_in([File("1", "a.vcf", "x/y", VCF.format(lines).encode(), risky=False)])
    return found


def shown(browser: FlaskClient, store: Store, mailbox: Mailbox, kind: str, text: str) -> str:
    part = f"Content-Type: {kind}; charset=utf-8\r\n\r\n{text}".encode()
    browser.set_cookie("language", "en")
    return browser.get(f"/webmail/m/{stored(store, mailbox, of_parts(TEXT, part)).id}").text


@pytest.mark.parametrize("area", ["webmail/m", "quarantine"])
def test_an_invitation_is_told_once_in_the_readers_language(
    browser: FlaskClient, store: Store, anna: Mailbox, area: str
) -> None:
    copy = stored(store, anna, SAMPLES["calendar_invite"], held=area == "quarantine")
    page = browser.get(f"/{area}/{copy.id}")
    assert page.text.count('class="mail-card"') == 1
    for words in ("Bausitzung 14, Steg Nordhafen", "27. November 2026, 07:30\u201309:00",
                  "Baucontainer Mole 2, oberer Stock", "Silvan Aebi <silvan.aebi@",
                  "Daniel Favre <daniel.favre@"):  # fmt: skip
        assert words in said(page)


@pytest.mark.parametrize(
    ("line", "at", "day", "zone"),
    [
        ("DTSTART:20261127T073000Z", "2026-11-27T07:30:00+00:00", False, ""),
        ("DTSTART;TZID=Europe/Zurich:20260727T073000", "2026-07-27T05:30:00+00:00", False, ""),
        ("DTSTART;TZID=\"W. Europe Standard Time\":20261127T073000", "2026-11-27T06:30:00+00:00",
         False, ""),
        ("DTSTART;TZID=/x.example/20260101/Europe/Zurich:20261127T073000",
         "2026-11-27T06:30:00+00:00", False, ""),
        ("DTSTART;TZID=Ours:20261127T073000", "2026-11-27T07:30:00", False, "Ours"),
        ("DTSTART;TZID=../../etc/passwd:20261127T073000", "2026-11-27T07:30:00", False,
         "../../etc/passwd"),
        ("DTSTART:20261127T073000", "2026-11-27T07:30:00", False, ""),
        ("DTSTART;VALUE=DATE:20261127", "2026-11-27", True, ""),
    ],
    ids=["UTC", "summer", "zone of Windows", "path", "odd zone", "path away", "floating", "day"],
)  # fmt: skip
def test_a_time_is_understood_with_its_zone(line: str, at: str, day: bool, zone: str) -> None:
    assert read(line)["begin"] == {"at": at, "day": day, "zone": zone}


@pytest.mark.parametrize(
    ("lines", "end"),
    [("DTSTART:20261127T233000Z\r\nDURATION:PT1H", "2026-11-28T00:30:00+00:00"),
     ("DTSTART;VALUE=DATE:20261127\r\nDTEND;VALUE=DATE:20261129", "2026-11-28")],
    ids=["duration", "the day behind the last"],
)  # fmt: skip
def test_an_end_is_the_last_moment(lines: str, end: str) -> None:
    assert read(lines)["end"]["at"] == end


@pytest.mark.parametrize(
    "value", ["2026", "99999999T999999Z", "00000000", "20261127T0730", "x", "99991231T235959Z", "",
              "20261127T073000Z/PT1H", "\u0662\u0660\u0662\u0666" * 2]
)  # fmt: skip
def test_what_is_no_time_is_left_out(value: str) -> None:
    found = read(f"SUMMARY:x\r\nDTSTART:{value}\r\nDURATION:P99999W")
    assert (found["title"], found["begin"], found["end"]) == ("x", None, None)


@pytest.mark.parametrize(
    ("rule", "words"),
    [("FREQ=DAILY", "every day"),
     ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks (Monday, Wednesday)"),
     ("FREQ=YEARLY;COUNT=3", "every year (3 times)"),
     ("FREQ=MONTHLY;UNTIL=20271231T000000Z", "every month (until Fri, December 31, 2027)"),
     ("FREQ=SECONDLY;UNTIL=99991231T235959Z", "by a rule that only a calendar can show"),
     ("FREQ=MONTHLY;BYDAY=-1FR", "by a rule that only a calendar can show"),
     ("FREQ=NEVER;INTERVAL=-1;;=;COUNT=x", "by a rule that only a calendar can show")],
)  # fmt: skip
def test_a_simple_rule_is_told_and_any_other_only_mentioned(
    browser: FlaskClient, store: Store, anna: Mailbox, rule: str, words: str
) -> None:
    text = ICS.format("METHOD:REQUEST", f"DTSTART:20261127T073000Z\r\nRRULE:{rule}")
    assert words in shown(browser, store, anna, "text/calendar", text)


@pytest.mark.parametrize(
    ("method", "lines", "words"),
    [("CANCEL", "SUMMARY:x", "Cancelled appointment"), ("REQUEST", "STATUS:CANCELLED", "Cancelled"),
     ("REPLY", "ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.example", "declined"),
     ("COUNTER", "SUMMARY:x", "Another time is proposed"), ("<b>", "SUMMARY:x", "Appointment")],
)  # fmt: skip
def test_a_card_says_what_it_is_for(
    browser: FlaskClient, store: Store, anna: Mailbox, method: str, lines: str, words: str
) -> None:
    text = ICS.format(f"METHOD:{method}", lines)
    assert words in shown(browser, store, anna, "text/calendar", text)


def test_what_a_calendar_says_is_text_and_leads_nowhere(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    lines = ("SUMMARY:<script>alert(1)</script>", "URL:javascript:alert(1)", "LOCATION:\u202ea\\nb",
             "ORGANIZER;CN=\"<b>x\":javascript:alert(2)", "DTSTART:20261127T073000Z")  # fmt: skip
    page = shown(browser, store, anna, "text/calendar", ICS.format("", "\r\n".join(lines)))
    card = page.partition('class="mail-card"')[2].partition("</section>")[0]
    assert "&lt;script&gt;alert(1)" in card
    assert "alert(1)</dd>" not in card
    assert "<a " not in card
    assert not {"<script", "<b>", "\u202e"} & set(card.split())


HOSTILE = {
    "rule without end": "DTSTART:19700101T000000Z\r\nRRULE:FREQ=SECONDLY;UNTIL=99991231T235959Z",
    "rule that never comes": "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "everybody": "\r\n".join(["ATTENDEE;CN=\"A, B\";ROLE=X:mailto:a@there.example"] * 20_000),
    "calendars in calendars": "BEGIN:VALARM\r\n" * 5000,
    "events in events": "BEGIN:VEVENT\r\n" * 5000,
    "folds": "SUMMARY:x" + "\r\n x" * 200_000,
    "long line": "SUMMARY:" + "x" * 2**21,
    "quotes": "ATTENDEE" + ";X=\"" * 100_000,
    "semicolons": "ATTENDEE" + ";" * 500_000 + "x",
    "many short lines": "A:b\r\n" * 500_000,
    "backslashes": "SUMMARY:" + "\\" * 500_000,
}  # fmt: skip


@pytest.mark.parametrize("lines", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_calendar_is_read_within_a_second(lines: str) -> None:
    begun = time.process_time()
    read(lines)
    assert time.process_time() - begun < 1


def test_of_many_people_the_number_is_told() -> None:
    found = read(HOSTILE["everybody"])
    assert (found["count"], len(found["invited"])) == (20_000, 5)


def test_a_calendar_that_breaks_off_shows_what_is_there() -> None:
    content = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x"
    (found,) = appointments_in([File("1", "a.ics", "x/y", content, risky=False)])
    assert found["title"] == "x"


def test_a_visiting_card_is_told(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    lines = ("FN:Bob Müller", "ORG:There AG;Sales", "TEL;TYPE=work:+41 44 000 00 00", "TITLE:x",
             "EMAIL:b@there.example", "URL:https://there.example/b", "URL:javascript:")  # fmt: skip
    page = shown(browser, store, anna, "text/vcard", VCF.format("\r\n".join(lines)))
    for words in ("Bob Müller", "There AG, Sales", "+41 44 000 00 00", "https://there.example/b"):
        assert words in page
    assert "javascript:" not in page
    assert 'href="https://there.example/b"' not in page


@pytest.mark.parametrize(
    ("lines", "name"),
    [("N:Keller;Anna;;;", "Anna Keller"), ("item1.FN:x\\, y", "x, y"), ("FN:<b>", "<b>"),
     ("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;B", "B Müller"), ("TEL:1", ""),
     ("N;QUOTED-PRINTABLE:=ZZ=", "=ZZ")],
)  # fmt: skip
def test_names_of_all_versions_are_read(lines: str, name: str) -> None:
    assert contact(lines)["name"] == name
