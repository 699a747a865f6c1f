"""Hosts that lead to the inside, in many spellings: only the operator may name them."""

ADDRESSES = (
    "127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0", "localhost", "[::]", "[::1]",
    "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "192.0.0.8", "100.64.0.1",
    "169.254.169.254", "[fe80::1]",
)  # fmt: skip
NAMES = {
    ("A", "looks.public.example"): ["127.0.0.1"],
    ("CNAME", "alias.public.example"): ["looks.public.example."],
    ("AAAA", "six.public.example"): ["::1"],
}
HOSTS = (*ADDRESSES, *(name for _, name in NAMES))
