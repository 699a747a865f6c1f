"""Where a host's name leads, and which addresses others than the operator may have named.

A tenant could else make us talk to our own machine, our network, or a cloud's metadata. Names
are resolved first and each address is checked; the connection then goes to that very address.
"""

import socket
from collections.abc import Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread

Network = IPv4Network | IPv6Network

# Python calls some of these global, or did: RFC 6890, 6598, 7534, 9637.
_SPECIAL = tuple(
    map(
        ip_network,
        ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
         "224.0.0.0/3", "2001:db8::/32", "3fff::/20",
         # All but 2000::/3, the only part that is given out.
         "::/3", "4000::/2", "8000::/1"),
    )
)  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")


def addresses_of(host: str, seconds: float) -> list[str]:
    """Return where a name leads, best first; raises OSError, TimeoutError after so long.

    The resolver waits as long as it is set up to, and nothing ends it: it is left to itself.
    """
    found: Future[list[str]] = Future()

    def resolve() -> None:
        try:
            records = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.set_result([str(each[4][0]).partition("%")[0] for each in records])
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    Thread(target=resolve, daemon=True).start()
    return found.result(seconds)


def is_public(address: str, but: Sequence[Network] = ()) -> bool:
    """Whether an address leads to the outside, or lies in a network that is let in anyway."""
    found = _innermost(ip_address(address.partition("%")[0]))
    if any(found.version == each.version and found in each for each in but):
        return True
    return found.is_global and not any(
        found.version == each.version and found in each for each in _SPECIAL
    )


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
