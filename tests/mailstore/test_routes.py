import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.errors import BadName
from mailstore.routes import MOST_HOPS, Protocol, Route, Tls

LMTP, MX, SMTP = Protocol.LMTP, Protocol.MX, Protocol.SMTP
KEY = "0123456789abcdef" * 4
COLONS = ":".join(KEY[at : at + 2] for at in range(0, 64, 2)).upper()
MAIL = (("mail.example", 25),)
SEVERAL = tuple((f"mx{number}.example", 25) for number in range(MOST_HOPS + 1))

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,3}", fullmatch=True)
hosts = st.one_of(names, st.ip_addresses().map(str)).filter(lambda host: host not in ("lmtp", "mx"))
hops = st.lists(st.tuples(hosts, st.integers(1, 2**16 - 1)), min_size=1, max_size=MOST_HOPS)
safeties = st.sampled_from([(Tls.MAY, ""), (Tls.MUST, ""), (Tls.PIN, KEY)])


def written(*hosts: tuple[str, int]) -> str:
    return ",".join(f"{host}:{port}" for host, port in hosts)


@pytest.mark.parametrize(
    ("text", "route", "kept"),
    [
        ("mail.example:25", Route(MAIL), "mail.example:25"),
        ("  Mail.Example.:025 ", Route(MAIL), "mail.example:25"),
        ("192.0.2.7:2525", Route((("192.0.2.7", 2525),)), "192.0.2.7:2525"),
        ("[2001:DB8:0::7]:25", Route((("2001:db8::7", 25),)), "[2001:db8::7]:25"),
        (
            "mx1.example:25,[2001:db8::7]:26",
            Route((("mx1.example", 25), ("2001:db8::7", 26))),
            "mx1.example:25,[2001:db8::7]:26",
        ),
        ("lmtp:mail.example:24", Route((("mail.example", 24),), LMTP), "lmtp:mail.example:24"),
        ("lmtp:[::1]:24", Route((("::1", 24),), LMTP), "lmtp:[::1]:24"),
        ("mx:muster.example", Route((("muster.example", 25),), MX), "mx:muster.example:25"),
        ("mx:Muster.Example:26", Route((("muster.example", 26),), MX), "mx:muster.example:26"),
        ("mx:25", Route((("mx", 25),)), "mx:25"),
        ("lmtp:24", Route((("lmtp", 24),)), "lmtp:24"),
        ("lmtp:lmtp:24", Route((("lmtp", 24),), LMTP), "lmtp:lmtp:24"),
        ("mail.example:25 tls=may", Route(MAIL), "mail.example:25"),
        ("mail.example:25   tls=must", Route(MAIL, SMTP, Tls.MUST), "mail.example:25 tls=must"),
        (
            f"mail.example:25 tls=pin:{COLONS}",
            Route(MAIL, SMTP, Tls.PIN, KEY),
            f"mail.example:25 tls=pin:{KEY}",
        ),
        (
            "mx:muster.example tls=must",
            Route((("muster.example", 25),), MX, Tls.MUST),
            "mx:muster.example:25 tls=must",
        ),
    ],
)
def test_a_route_is_read_and_kept_in_one_way(text: str, route: Route, kept: str) -> None:
    assert Route.parse(text) == route
    assert str(route) == kept


@given(hops=hops, protocol=st.sampled_from([SMTP, LMTP]), safety=safeties)
def test_whatever_a_route_is_it_is_read_again_as_the_same(
    hops: list[tuple[str, int]], protocol: Protocol, safety: tuple[Tls, str]
) -> None:
    route = Route(tuple(hops), protocol, *safety)
    assert Route.parse(str(route)) == route


@pytest.mark.parametrize("domain", ["muster.example", "25", "mx", "127.0.0.1", "münster.example"])
def test_the_route_that_a_domain_names_is_read_again_as_the_same(domain: str) -> None:
    route = Route.by_mx(domain)
    assert route == Route(((domain, 25),), MX)
    assert Route.parse(str(route)) == route


@given(text=st.text(alphabet="lmtpx:,.[]25a =\r\n\0ü", max_size=20))
def test_any_text_is_a_route_or_a_bad_name(text: str) -> None:
    try:
        route = Route.parse(text)
    except BadName:
        return
    assert Route.parse(str(route)) == route
    assert str(route).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example",
        "mail.example:",
        ":25",
        "mail.example:0",
        "mail.example:65536",
        "mail.example:-1",
        "mail.example:smtp",
        "mail.example:\uff12\uff15",
        "::1:25",
        "[::1]",
        "[::1:25",
        "[mail.example]:25",
        "[192.0.2.7]:25",
        "mail .example:25",
        "mail.example:25,",
        ",mail.example:25",
        "mail.example:25,mx2.example",
        "mail.example:25\r\nRCPT TO:<eve@evil.example>:25",
        "lmtp:",
        "lmtp:mail.example",
        "lmtp:/run/dovecot/lmtp",
        "lmtp:mx:muster.example",
        "mx:",
        "mx:muster..example",
        "mx:[::1]:25",
        "MX:muster.example",
        "smtp:mail.example:25",
        "mail.example:25 tls",
        "mail.example:25 tls=no",
        "mail.example:25 TLS=must",
        "mail.example:25 tls=must tls=may",
        "mail.example:25\ttls=must",
        "mail.example:25 tls=pin:",
        f"mail.example:25 tls=pin:{KEY[1:]}",
        f"mail.example:25 tls=pin:{KEY}0",
        f"mail.example:25 tls=pin:g{KEY[1:]}",
        f"mail.example:25 pin:{KEY}",
    ],
)
def test_what_is_no_route_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadName, match=r"(?s)^'.*\.$"):
        Route.parse(text)


@pytest.mark.parametrize(
    "text", [written(*SEVERAL), f"lmtp:{written(*SEVERAL)}", "mx:a.example,b.example"]
)
def test_a_route_of_too_many_servers_is_refused(text: str) -> None:
    with pytest.raises(BadName, match=r"names too many servers\.$"):
        Route.parse(text)
    assert len(Route.parse(written(*SEVERAL[1:])).hops) == MOST_HOPS


def test_a_slip_in_an_address_is_none_that_somebody_may_name() -> None:
    assert Route.named("192.0.2.30:25") == Route.parse("192.0.2.30:25")
    with pytest.raises(BadName, match="not an address"):
        Route.named("mail.muster.example:25,192.0.2.300:25")
