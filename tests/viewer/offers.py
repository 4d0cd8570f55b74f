"""Offers as players and recorders make them, of one picture."""

FINGERPRINT = ":".join(["AB"] * 32)
PUBLISHING = "\r\n".join(
    (
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"),
        *("m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendonly", "a=rtcp-mux"),
        *("a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"),
        *("a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv"),
        *(f"a=fingerprint:sha-256 {FINGERPRINT}", "a=setup:actpass", ""),
    )
)
WATCHING = PUBLISHING.replace("a=sendonly", "a=recvonly")
CANDIDATE = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
)
RESTART = CANDIDATE.replace("abcd\r", "wxyz\r")
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
