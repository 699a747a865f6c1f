import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.addresses import Address
from mailstore.errors import BadName
from mailstore.patterns import ANY, read_pattern, stable


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("bob@there.example", "bob@there.example"),
        ("Bob.Keller@There.example", "bob.keller@there.example"),
        ("anna1985@there.example", "anna1985@there.example"),
        ("bounce-123-anna=firma.ch@lists.example", "bounce-#@lists.example"),
        ("bounce+anna=firma.ch@lists.example", "bounce+#@lists.example"),
        ("news-owner-anna=my-firma.co.uk@lists.example", "news-owner-#@lists.example"),
        ("bounces-987654@lists.example", "bounces-#@lists.example"),
        ("b.1f3a5c7e9b.77@lists.example", "b.#@lists.example"),
        ("bounce-5f0c9d2e-1a2b-4c3d-8e9f-0123456789ab@lists.example", "bounce-#@lists.example"),
        ("msg-zk81hq0p3xw5@lists.example", "msg-#@lists.example"),
        ("prvs=1234a5b6c7=bob@there.example", "prvs=#=bob@there.example"),
        ("msprvs1=19999abc=bounces-77@there.example", "msprvs1=#=bounces-#@there.example"),
        ("btv1==0123abcd==bob@there.example", "btv1==#==bob@there.example"),
        ("SRS0=ab1C=X7=there.example=bob@hop.example", "srs0=#=there.example=bob@hop.example"),
        ("SRS0+xY+z=X7=there.example=bob@hop.example", "srs0=#=there.example=bob@hop.example"),
        (
            "SRS1=Qz=hop.example==ab1C=X7=there.example=bob@second.example",
            "srs1=#=hop.example==#=there.example=bob@second.example",
        ),
        ("0100018f6c3b2a4d@platform.example", "#@platform.example"),
    ],
    ids=[
        "a person", "other case", "a person with a year", "VERP after a number", "VERP",
        "VERP with a long domain", "number", "hash", "UUID", "random name", "BATV", "BATV twice",
        "BATV of others", "SRS0", "SRS0 with plus", "SRS1", "nothing stays",
    ],
)  # fmt: skip
def test_what_changes_from_mail_to_mail_is_left_out(written: str, form: str) -> None:
    assert stable(Address.parse(written)) == form


@given(st.from_regex(r"[a-z0-9=+._#-]{1,64}", fullmatch=True))
def test_a_stable_form_is_its_own_stable_form(local: str) -> None:
    once = stable(Address(local, "lists.example"))
    assert stable(Address(once.rpartition("@")[0], "lists.example")) == once


@pytest.mark.parametrize("char", ["=", "-", "a", "1", "#", "a=", "1-", "prvs=", "srs0=", "a.b="])
def test_hostile_addresses_take_no_time(char: str) -> None:
    begun = time.process_time()
    stable(Address(char * (2**16 // len(char)), "x.example"))
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        (" Bob@There.example ", "bob@there.example"),
        ("There.example.", "there.example"),
        ("@there.example", "there.example"),
        ("bounce-#@lists.example", f"bounce-{ANY}@lists.example"),
    ],
    ids=["address", "domain", "domain with at", "stable form"],
)
def test_an_entry_is_kept_in_one_spelling(written: str, pattern: str) -> None:
    assert read_pattern(written) == pattern


@pytest.mark.parametrize(
    "written", ["*", "*@there.example", "b?b@there.example", "", "@", "a b@c.example", "a@b@"]
)
def test_what_is_neither_address_nor_domain_is_refused(written: str) -> None:
    with pytest.raises(BadName):
        read_pattern(written)
