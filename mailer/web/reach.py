"""Which addresses of the net the server may ask for a stranger: public ones on the web's own ports, and no others.

What stands here is what keeps a mail from reaching our own network through us (server-side request forgery).
"""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

# Whether a numeric address may be asked on a port.
Reach = Callable[[str, int], bool]

_PORTS = frozenset({80, 443})
# IPv6 hands out this part only (RFC 4291, 2.4; IANA); all else is of one machine, of one network, or not yet used.
_UNICAST = ip_network("2000::/3")
# Beyond what `ipaddress` knows: protocol assignments, relays of 6to4, the metadata service of one cloud; in IPv6 what
# wraps an IPv4 address (Teredo, 6to4) or is never routed.
_SPECIAL = tuple(
    map(
        ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)


def public_only(address: str, port: int) -> bool:
    """Whether this is a public host's address, on a port of the web."""
    try:
        found = ip_address(address)
    except ValueError:
        # As `fe80::1%eth0`: of one link.
        return False
    if port not in _PORTS or not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if isinstance(found, IPv6Address) and found not in _UNICAST:
        return False
    return not any(found in network for network in _SPECIAL if network.version == found.version)
