"""Calls a camera: its name resolved once, the address looked at, and that very address called; TLS verified.

Not here: what is said then (pull_connection.py), which addresses are allowed (pull_networks.py).
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from gateway.registry import RefusalReason, SourceUrl
from gateway.rtsp.pull_networks import AddressNotAllowed, PullNetworks

RESOLVE_WITHIN_S = 5
CONNECT_WITHIN_S = 10  # a camera on the same network takes milliseconds
HANDSHAKE_WITHIN_S = 5  # of TLS; what does not speak it often says nothing at all

P = TypeVar("P", bound=asyncio.BaseProtocol)


class CallFailed(Exception):
    """Nobody is there whom we may and can talk to. `peer` is the address that was called, or the host's name."""

    def __init__(self, reason: RefusalReason, words: str, peer: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words
        self.peer = peer


async def dial(url: SourceUrl, fingerprint: str, networks: PullNetworks, make: Callable[[], P]) -> P:
    """Connect a protocol to the camera.

    Raises:
        CallFailed: with its reason.
    """
    host = await _resolve(url, networks)
    context = (_pinned_context() if fingerprint else _verifying_context()) if url.tls else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            transport, protocol = await loop.create_connection(
                make,
                host,
                url.port,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S if context is not None else None,
                server_hostname=url.host if context is not None else None,
                flags=socket.AI_NUMERICHOST,
            )
    except ssl.SSLCertVerificationError as error:
        raise CallFailed(RefusalReason.TLS_NOT_TRUSTED, error.verify_message or "not trusted", host) from None
    except ssl.SSLError as error:
        raise CallFailed(RefusalReason.TLS_NOT_TRUSTED, f"no TLS: {error.reason}", host) from None
    except ConnectionAbortedError:  # what asyncio makes of a handshake that takes too long
        words = f"no TLS within {HANDSHAKE_WITHIN_S} s" if url.tls else "the connection was aborted"
        reason = RefusalReason.TLS_NOT_TRUSTED if url.tls else RefusalReason.UNREACHABLE
        raise CallFailed(reason, words, host) from None
    except TimeoutError:
        raise CallFailed(RefusalReason.UNREACHABLE, f"no connection within {CONNECT_WITHIN_S} s", host) from None
    except OSError as error:
        raise CallFailed(RefusalReason.UNREACHABLE, error.strerror or "no connection", host) from None
    if fingerprint and context is not None and _fingerprint(transport) != fingerprint:
        transport.abort()
        raise CallFailed(RefusalReason.TLS_NOT_TRUSTED, "the certificate is not the one that was given", host)
    return protocol


async def _resolve(url: SourceUrl, networks: PullNetworks) -> str:
    """The first address of the host that may be called."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_WITHIN_S):
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        words = f"the name was not resolved within {RESOLVE_WITHIN_S} s"
        raise CallFailed(RefusalReason.UNREACHABLE, words, url.host) from None
    except (OSError, UnicodeError):
        raise CallFailed(RefusalReason.UNREACHABLE, "the name is not known", url.host) from None
    refused = ""
    for *_, address in found:
        try:
            return str(networks.require(str(address[0]), url.port))
        except AddressNotAllowed as error:
            refused = refused or str(error)
    raise CallFailed(RefusalReason.ADDRESS_NOT_ALLOWED, refused or "the name has no address", url.host)


def _fingerprint(transport: asyncio.BaseTransport) -> str:
    certificate: bytes = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest()


@cache  # reading the authorities takes 20 ms
def _verifying_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _pinned_context() -> ssl.SSLContext:
    """Any certificate: its fingerprint is compared before a word is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
