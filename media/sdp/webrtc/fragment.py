"""Fragments of trickle ICE (application/trickle-ice-sdpfrag: RFC 8840, 9), the body of a PATCH (RFC 9725, 4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from media.sdp.webrtc.answer import DISCARD_PORT, ICE_LINES, candidate_lines, credential_lines
from media.sdp.webrtc.offer import Candidate, IceCredentials, Offer, OfferError
from media.sdp.webrtc.sections import read_sections
from media.sdp.webrtc.transport_lines import CANDIDATES_MAX, read_candidate, read_credentials


@dataclass(frozen=True, slots=True)
class IceFragment:
    """What a peer says later. Other credentials than before ask for an ICE restart; None: it said none."""

    credentials: IceCredentials | None
    candidates: tuple[Candidate, ...]
    end_of_candidates: bool


def read_fragment(text: bytes) -> IceFragment:
    """The body of a PATCH.

    Raises:
        OfferError: naming the line at fault.
    """
    session, sections = read_sections(text)
    every = [session, *sections]
    ufrags = {value for section in every for value in section.all("ice-ufrag")}
    passwords = {value for section in every for value in section.all("ice-pwd")}
    if len(ufrags) > 1 or len(passwords) > 1:
        raise OfferError("a=ice-ufrag", "there is more than one: all m-lines share one transport")
    credentials = read_credentials("fragment", *ufrags, *passwords) if ufrags and passwords else None
    if credentials is None and (ufrags or passwords):
        raise OfferError("a=ice-pwd" if ufrags else "a=ice-ufrag", "is missing: both or neither")
    values = dict.fromkeys(value for section in every for value in section.all("candidate"))
    if len(values) > CANDIDATES_MAX:
        raise OfferError("a=candidate", f"more than {CANDIDATES_MAX}")
    candidates = tuple(one for value in values if (one := read_candidate(value)) is not None)
    return IceFragment(credentials, candidates, any(section.has("end-of-candidates") for section in every))


def build_fragment(offer: Offer, credentials: IceCredentials, candidates: Sequence[Candidate]) -> bytes:
    """Our answer to an ICE restart."""
    tied = next(one for one in offer.media if one.mid == offer.bundle[0])
    lines = [
        *ICE_LINES,
        "a=group:BUNDLE " + " ".join(offer.bundle),
        f"m={tied.medium} {DISCARD_PORT} {tied.protocol} {' '.join(tied.words[:1]) or '0'}",
        f"a=mid:{tied.mid}",
        *credential_lines(credentials),
        *candidate_lines(candidates),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()
