"""An offer's text to values (RFC 8829, 5.8), as browsers, recorders and phones write it; and an answer's, for clients.

Refused with the line's name: what would only fail later and in silence. Forgiven: any line end, unknown
attributes, formats and extensions, candidates that cannot be read, sessions that say a line once for all m-lines.
"""

import re

from media.sdp.format_lines import STATIC_RTPMAPS, codec_of, read_fmtp, read_rtpmap
from media.sdp.webrtc.offer import (
    Answer,
    Candidate,
    Direction,
    Extension,
    Offer,
    OfferedMedia,
    OfferError,
    PayloadFormat,
)
from media.sdp.webrtc.sections import Section, read_sections
from media.sdp.webrtc.transport_lines import (
    CANDIDATES_MAX,
    read_candidate,
    read_credentials,
    read_fingerprints,
    read_setup,
)
from media.track import TrackKind

SSRCS_MAX = 64  # of one m-line: simulcast with RTX has six
EXTENSIONS_MAX = 64  # Chromium offers some fifteen
NAME_MAX = 64  # letters of a codec's name
FEEDBACK_MAX = 16  # of one payload type

_PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP")  # RFC 8829, 5.1.2
_MID = re.compile(r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


def read_offer(text: bytes) -> Offer:
    """The body of a WHIP or WHEP request.

    Raises:
        OfferError: naming the line at fault and what it should be.
    """
    session, sections = read_sections(text)
    if not sections:
        raise OfferError("m-lines", "there is none: an offer has one for each picture or sound")
    if session.has("ice-lite"):
        raise OfferError("a=ice-lite", "this server is lite itself: somebody has to check connectivity")
    media = tuple(_read_media(session, section, place) for place, section in enumerate(sections))
    if len({one.mid for one in media}) < len(media):
        raise OfferError("a=mid", "two m-lines have the same")
    bundle = _read_bundle(session, media)
    tied = next((section for section, one in zip(sections, media, strict=True) if one.mid == bundle[0]), sections[0])
    return Offer(
        media,
        bundle,
        read_credentials(tied.name, _either(tied, session, "ice-ufrag"), _either(tied, session, "ice-pwd")),
        read_fingerprints(tied.name, tied.all("fingerprint") or session.all("fingerprint")),
        read_setup(tied.name, _either(tied, session, "setup")),
        tuple((_either(session, tied, "ice-options") or "").split()[:8]),
        _read_candidates([session, *sections]),
    )


def read_answer(text: bytes) -> Answer:
    """What a WHIP or WHEP server answered.

    Raises:
        OfferError: naming the line at fault.
    """
    session, sections = read_sections(text)
    media = tuple(_read_media(session, section, place) for place, section in enumerate(sections))
    tied = next((section for section, one in zip(sections, media, strict=True) if one.takes_part), None)
    if tied is None:
        raise OfferError("m-lines", "none of the offer is taken")
    return Answer(
        media,
        read_credentials(tied.name, _either(tied, session, "ice-ufrag"), _either(tied, session, "ice-pwd")),
        read_fingerprints(tied.name, tied.all("fingerprint") or session.all("fingerprint")),
        read_setup(tied.name, _either(tied, session, "setup")),
        _read_candidates([session, *sections]),
    )


def _either(section: Section, other: Section, attribute: str) -> str | None:
    value = section.first(attribute)
    return other.first(attribute) if value is None else value


def _read_bundle(session: Section, media: tuple[OfferedMedia, ...]) -> tuple[str, ...]:
    """The mids that share one transport; an m-line that takes part must be among them (RFC 9143; RFC 9725, 4.4.1)."""
    parts = [one.mid for one in media if one.takes_part]
    if not parts:
        raise OfferError("m-lines", "all are switched off (port 0)")
    groups = [value.split()[1:] for value in session.all("group") if value.split()[:1] == ["BUNDLE"]]
    if not groups:
        if len(parts) > 1:
            raise OfferError("a=group:BUNDLE", "is missing: all m-lines must share one transport")
        return (parts[0],)
    group = [mid for mid in groups[0] if any(one.mid == mid for one in media)]
    left_out = [mid for mid in parts if mid not in group]
    if left_out:
        raise OfferError("a=group:BUNDLE", f"leaves out mid {left_out[0]!r}: all m-lines must share one transport")
    return tuple(dict.fromkeys([mid for mid in group if mid in parts] + group))


def _read_media(session: Section, section: Section, place: int) -> OfferedMedia:
    kind = TrackKind(section.medium) if section.medium in tuple(TrackKind) else None
    mid = section.first("mid") or str(place)
    if not _MID.fullmatch(mid):
        raise OfferError(f"{section.name} a=mid", "must be a word of at most 64 letters")
    bundle_only = section.has("bundle-only")  # all of its transport is another's (RFC 9143)
    takes_part = kind is not None and (section.port != 0 or bundle_only)
    if takes_part:
        if section.protocol.upper() not in _PROTOCOLS:
            raise OfferError(section.name, f"{section.protocol!r} cannot be: WebRTC says UDP/TLS/RTP/SAVPF")
        if not section.has("rtcp-mux") and not bundle_only:
            raise OfferError(f"{section.name} a=rtcp-mux", "is missing: there is one port for RTP and RTCP")
    directions = [one for one in Direction if section.has(one)] or [one for one in Direction if session.has(one)]
    ssrcs, repairs = _read_ssrcs(section)
    return OfferedMedia(
        mid,
        kind,
        section.medium,
        section.protocol,
        section.words,
        directions[0] if directions else Direction.SENDRECV,
        takes_part,
        section.has("rtcp-mux"),
        _read_formats(section, kind) if kind else (),
        _read_extensions(section),
        ssrcs,
        repairs,
    )


def _read_formats(section: Section, kind: TrackKind) -> tuple[PayloadFormat, ...]:
    rtpmaps, fmtps = _by_type(section, "rtpmap"), _by_type(section, "fmtp")
    feedback: dict[str, list[str]] = {}
    for value in section.all("rtcp-fb"):
        word, _, what = value.partition(" ")
        feedback.setdefault(word, []).append(" ".join(what.split()))
    formats: list[PayloadFormat] = []
    for word in dict.fromkeys(section.words):
        if not _NUMBER.fullmatch(word) or int(word) > 127:
            raise OfferError(section.name, f"{word[:20]!r} is no payload type: 0 to 127")
        name, rate, channels = read_rtpmap(rtpmaps.get(word) or STATIC_RTPMAPS.get(int(word), ""))
        fmtp = read_fmtp(fmtps.get(word, ""))
        apt = fmtp.get("apt", "") if name.lower() == "rtx" else ""
        formats.append(
            PayloadFormat(
                int(word),
                name[:NAME_MAX],
                rate,
                channels,
                fmtp,
                tuple(dict.fromkeys((feedback.get("*", []) + feedback.get(word, []))[:FEEDBACK_MAX])),
                codec_of(name, kind) if rate else None,
                int(apt) if _NUMBER.fullmatch(apt) and apt in section.words else None,
            )
        )
    return tuple(formats)


def _by_type(section: Section, attribute: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in section.all(attribute):
        word, _, rest = value.partition(" ")
        found.setdefault(word, rest.strip())
    return found


def _read_extensions(section: Section) -> tuple[Extension, ...]:
    found: dict[int, Extension] = {}
    for value in section.all("extmap")[:EXTENSIONS_MAX]:
        words = value.split()
        number = words[0].partition("/")[0] if len(words) >= 2 else ""
        if _NUMBER.fullmatch(number) and 1 <= int(number) <= 255:
            found.setdefault(int(number), Extension(int(number), words[1]))
    return tuple(found.values())


def _read_ssrcs(section: Section) -> tuple[tuple[int, ...], dict[int, int]]:
    words = [value.split(" ", 1)[0] for value in section.all("ssrc")]
    ssrcs = [int(word) for word in dict.fromkeys(words) if _NUMBER.fullmatch(word) and int(word) < 1 << 32]
    repairs: dict[int, int] = {}
    for value in section.all("ssrc-group")[:SSRCS_MAX]:
        semantics, *members = value.split()[:3] or [""]
        if semantics == "FID" and len(members) == 2 and all(_NUMBER.fullmatch(one) for one in members):
            repairs[int(members[0])] = int(members[1])
    return tuple(ssrcs[:SSRCS_MAX]), repairs


def _read_candidates(sections: list[Section]) -> tuple[Candidate, ...]:
    """Each once: bundled m-lines repeat them."""
    values = dict.fromkeys(value for section in sections for value in section.all("candidate"))
    if len(values) > CANDIDATES_MAX:
        raise OfferError("a=candidate", f"more than {CANDIDATES_MAX}")
    return tuple(one for value in values if (one := read_candidate(value)) is not None)
