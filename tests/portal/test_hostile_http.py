import contextlib
import socket
from collections.abc import Iterator

import pytest

from bench.installation import Installation
from mailstore.store import Store
from tests.portal.browsing import stock

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
LIFE = 20.0
# Whoever is not this machine's proxy; loopback has many addresses.
STRANGER = "127.0.0.2"


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    with Installation(("portal",)) as running:
        yield running


@pytest.fixture(scope="module")
def rows(it: Installation) -> Iterator[Store]:
    with contextlib.closing(it.store()) as store:
        yield store


def head(it: Installation, line: str = "POST /sign-in HTTP/1.1", **fields: str) -> bytes:
    named = {"Host": f"127.0.0.1:{it.web}", "Connection": "close"} | {
        name.replace("_", "-"): text for name, text in fields.items()
    }
    lines = [line, *(f"{name}: {text}" for name, text in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def ask(it: Installation, *parts: bytes, of: str = "127.0.0.1") -> bytes:
    """Send bytes and return what comes back until the connection ends."""
    where = ("127.0.0.1", it.web)
    with socket.create_connection(where, LIFE, source_address=(of, 0)) as connection:
        got = b""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with contextlib.suppress(ConnectionError):
            while more := connection.recv(2**16):
                got += more
    return got


def status(answer: bytes) -> int:
    """Return the code of an answer; 0 where the connection was only closed."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def sound(it: Installation) -> bool:
    return status(ask(it, head(it, "GET /sign-in HTTP/1.1"))) == 200


def leaks(answer: bytes) -> list[bytes]:
    inside = (b"Traceback", b".py", b"gunicorn.", b"werkzeug", b"Exception")
    return [each for each in inside if each in answer]


def body(text: bytes, **fields: str) -> tuple[dict[str, str], bytes]:
    return {"Content-Length": str(len(text))} | {"Content-Type": FORM} | fields, text


CHUNKED = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
FIELD = b"email=" + b"x" * 501_000
MANY = b"".join(
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(1001)
)
BODIES = {
    "large field": body(FIELD),
    "large part": body(
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + FIELD + b"\r\n--x--\r\n",
        **{"Content-Type": PARTS},
    ),
    "many parts": body(MANY + b"--x--\r\n", **{"Content-Type": PARTS}),
    "many fields": body(b"&".join(b"a=b" for _ in range(100_000))),
    "promised 100 MB": ({"Content-Length": str(100 * 10**6), "Content-Type": FORM}, b"a=b"),
    "sent 100 MB": body(b"a" * (100 * 10**6)),
    "100 MB in chunks": (CHUNKED, b"5f5e100\r\n" + b"a" * (100 * 10**6) + b"\r\n0\r\n\r\n"),
    "negative chunk": (CHUNKED, b"-5\r\nemail=a\r\n0\r\n\r\n"),
    "negative chunk later": (CHUNKED, b"5\r\nemail\r\n-1\r\n=a\r\n0\r\n\r\n"),
    "chunk of words": (CHUNKED, b"zz\r\nemail=a\r\n0\r\n\r\n"),
    "endless chunk size": (CHUNKED, b"f" * 20_000),
    "cut chunk": (CHUNKED, b"ff\r\nemail"),
    "no end of parts": body(b"--x\r\nContent-Disposition: form-data", **{"Content-Type": PARTS}),
    "no boundary": body(b"--x--\r\n", **{"Content-Type": "multipart/form-data"}),
    "odd charset": body(b"email=a", **{"Content-Type": f"{FORM}; charset=idna"}),
    "odd type": body(b"{}", **{"Content-Type": "application/json"}),
    "percent": body(b"email=%ff%00%zz&csrf_token=%"),
    "length and chunks": (CHUNKED | {"Content-Length": "4"}, b"0\r\n\r\n"),
    "negative length": ({"Content-Length": "-1", "Content-Type": FORM}, b"a=b"),
    "length of words": ({"Content-Length": "0x10", "Content-Type": FORM}, b"a=b"),
    "two lengths": ({"Content-Length": "3, 4", "Content-Type": FORM}, b"a=bc"),
    "odd coding": ({"Transfer-Encoding": "chunked, identity"}, b"0\r\n\r\n"),
}  # fmt: skip
GET = "GET /sign-in HTTP/1.1\r\nConnection: close\r\nHost: {0}"
HEADS = {
    "two hosts": "GET /sign-in HTTP/1.1\r\nHost: {0}\r\nHost: evil.example\r\n\r\n",
    "same host twice": "GET /sign-in HTTP/1.1\r\nHost: {0}\r\nHost: {0}\r\n\r\n",
    "foreign host": "GET /sign-in HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "odd host": "GET /sign-in HTTP/1.1\r\nHost: a b<script>\r\nConnection: close\r\n\r\n",
    "absolute": "GET http://evil.example/sign-in HTTP/1.1\r\nHost: evil.example\r\n"
    "Connection: close\r\n\r\n",
    "long line": f"GET /{'x' * 100_000} HTTP/1.1\r\nHost: {{0}}\r\n\r\n",
    "long query": f"GET /quarantine/?q={'x' * 100_000} HTTP/1.1\r\nHost: {{0}}\r\n\r\n",
    "long header": f"{GET}\r\nX-A: {'x' * 100_000}\r\n\r\n",
    "long cookie": f"{GET}\r\nCookie: session={'x' * 8200}\r\n\r\n",
    "many headers": GET + "".join(f"\r\nX-{n}: a" for n in range(500)) + "\r\n\r\n",
    "folded": f"{GET}\r\nX-A: b\r\n c\r\n\r\n",
    "space in a name": f"{GET}\r\nX A: b\r\n\r\n",
    "NUL": f"{GET}\r\nX-A: b\0c\r\n\r\n",
    "bare CR": f"{GET}\r\nX-A: b\rX-B: c\r\n\r\n",
    "no colon": f"{GET}\r\nX-A\r\n\r\n",
    "no method": "/sign-in\r\n\r\n",
    "odd version": "GET /sign-in HTTP/9.9\r\nHost: {0}\r\n\r\n",
    "odd method": "GE(T /sign-in HTTP/1.1\r\nHost: {0}\r\n\r\n",
    "unknown method": "BREW /sign-in HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 64 + "\r\n\r\n",
    "two lines": "GET /sign-in HTTP/1.1\r\nHost: {0}\r\nContent-Length: 0\r\n"
    "Content-Length: 0\r\n\r\n",
    "expectation": f"{GET}\r\nExpect: the-impossible\r\n\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_changes_nothing(
    it: Installation, rows: Store, name: str
) -> None:
    fields, text = BODIES[name]
    before = stock(rows)
    answer = ask(it, head(it, **fields), text)
    assert 400 <= status(answer) < 500 or not answer or status(answer) == 501
    assert not leaks(answer)
    assert stock(rows) == before
    assert sound(it)


@pytest.mark.parametrize("name", HEADS)
def test_a_hostile_head_is_refused_and_the_next_one_is_served(it: Installation, name: str) -> None:
    answer = ask(it, HEADS[name].replace("{0}", f"127.0.0.1:{it.web}").encode("latin-1"))
    assert 400 <= status(answer) < 500 or not answer or status(answer) in (501, 505)
    assert not leaks(answer)
    assert b"evil.example" not in answer
    assert sound(it)


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/static/nothing", "/l/forged"])
def test_what_a_stranger_says_for_a_proxy_counts_for_nothing(it: Installation, path: str) -> None:
    said = {
        "X_Forwarded_For": "evil.example", "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "https", "X_Forwarded_Prefix": "/evil.example",
        "Forwarded": "host=evil.example;proto=https",
    }  # fmt: skip
    plain = ask(it, head(it, f"GET {path} HTTP/1.1"), of=STRANGER)
    answer = ask(it, head(it, f"GET {path} HTTP/1.1", **said), of=STRANGER)
    assert status(answer) == status(plain)
    assert b"evil.example" not in answer
    assert b"https://" not in answer


@pytest.mark.parametrize("of", ["127.0.0.1", STRANGER], ids=["proxy", "stranger"])
def test_no_header_leads_to_another_path(it: Installation, of: str) -> None:
    lines = "GET /nothing HTTP/1.1\r\nHost: {0}\r\nPATH_INFO: /sign-in\r\nSCRIPT_NAME: /evil\r\n"
    asked = f"{lines}Connection: close\r\n\r\n".replace("{0}", f"127.0.0.1:{it.web}")
    answer = ask(it, asked.encode(), of=of)
    assert status(answer) in (400, 404)
    assert b"/evil" not in answer


def test_clients_that_stop_in_the_middle_do_not_stop_the_others(it: Installation) -> None:
    with contextlib.ExitStack() as stack:
        for part in (head(it)[:30], head(it, **CHUNKED), head(it, Content_Length="9")) * 2:
            made = socket.create_connection(("127.0.0.1", it.web), LIFE)
            stack.enter_context(made).sendall(part)
        assert sound(it)


@pytest.mark.parametrize(
    "name", ["large field", "many parts", "sent 100 MB", "negative chunk", "foreign host"]
)
def test_an_answer_of_ours_to_a_hostile_request_is_hardened(it: Installation, name: str) -> None:
    if name in HEADS:
        answer = ask(it, HEADS[name].replace("{0}", f"127.0.0.1:{it.web}").encode())
    else:
        fields, text = BODIES[name]
        answer = ask(it, head(it, **fields), text[:1000] if "MB" in name else text)
    for field in (b"Content-Security-Policy: ", b"X-Content-Type-Options: nosniff",
                  b"Referrer-Policy: no-referrer", b"Cache-Control: no-store"):  # fmt: skip
        assert field in answer
