"""Offers as browsers and recorders write them, in their line order, shortened to what matters."""

from media.track import AUDIO_TRACK_ID, VIDEO_TRACK_ID, AudioConfig, Codec, Track, VideoConfig

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
SESSION = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

BROWSER = (
    SESSION
    + "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS stream\r\n"
    + "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    + "a=candidate:1467250027 1 udp 2122260223 192.0.2.1 46243 typ host generation 0 network-id 2\r\n"
    + "a=candidate:99 1 udp 2113937151 3a1f6c9e-1d58-4ad5-a4f0-9a1d9f9f1d1e.local 40000 typ host\r\n"
    + "a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n"
    + "a=ice-ufrag:Yz0x\r\na=ice-pwd:uGnoJmqYyN3dM6vYbRk0q2Ae\r\na=ice-options:trickle\r\n"
    + f"{FINGERPRINT}\r\na=setup:actpass\r\na=mid:0\r\n"
    + "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    + "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    + "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=msid:stream audio\r\na=rtcp-mux\r\n"
    + "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    + "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:13 CN/8000\r\n"
    + "a=ssrc:1719 cname:x\r\na=ssrc:1719 msid:stream audio\r\n"
    + "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105 106 107 112 113 49 50\r\nc=IN IP4 0.0.0.0\r\n"
    + "a=ice-ufrag:Yz0x\r\na=ice-pwd:uGnoJmqYyN3dM6vYbRk0q2Ae\r\na=ice-options:trickle\r\n"
    + f"{FINGERPRINT}\r\na=setup:actpass\r\na=mid:1\r\n"
    + "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\r\n"
    + "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    + "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
    + "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    + "a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 goog-remb\r\na=rtcp-fb:102 transport-cc\r\n"
    + "a=rtcp-fb:102 ccm fir\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\n"
    + "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n"
    + "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"
    + "a=rtpmap:104 H264/90000\r\na=rtcp-fb:104 nack\r\n"
    + "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n"
    + "a=rtpmap:105 rtx/90000\r\na=fmtp:105 apt=104\r\n"
    + "a=rtpmap:106 H264/90000\r\na=rtcp-fb:106 nack\r\na=rtcp-fb:106 nack pli\r\n"
    + "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    + "a=rtpmap:107 rtx/90000\r\na=fmtp:107 apt=106\r\n"
    + "a=rtpmap:112 H264/90000\r\na=fmtp:112 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640032\r\n"
    + "a=rtpmap:113 rtx/90000\r\na=fmtp:113 apt=112\r\n"
    + "a=rtpmap:49 H265/90000\r\na=fmtp:49 level-id=156;profile-id=1;tier-flag=0;tx-mode=SRST\r\n"
    + "a=rtpmap:50 rtx/90000\r\na=fmtp:50 apt=49\r\n"
    + "a=ssrc-group:FID 2231 3342\r\na=ssrc:2231 cname:x\r\na=ssrc:3342 cname:x\r\n"
)
VIEWER = BROWSER.replace("a=sendonly", "a=recvonly")

# A recorder: line feeds only, lines for all m-lines said once, one format each, no mid, nothing that may be left out.
RECORDER = (
    "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=recorder\nt=0 0\na=group:BUNDLE 0\na=ice-ufrag:abcd\n"
    + f"a=ice-pwd:0123456789abcdefghijkl\n{FINGERPRINT}\na=setup:active\n"
    + "m=video 5000 UDP/TLS/RTP/SAVPF 96\na=rtcp-mux\na=sendonly\na=rtpmap:96 H264/90000\n"
)


def h264(profile: str, *, reorder_depth: int | None = 0) -> Track:
    """A picture track whose SPS says this profile, constraints and level."""
    sets = (b"\x67" + bytes.fromhex(profile) + b"\x00", b"\x68\xce")
    return Track(VIDEO_TRACK_ID, VideoConfig(Codec.H264, 1_280, 720, f"avc3.{profile}", sets, reorder_depth))


def h265(codec_string: str) -> Track:
    return Track(VIDEO_TRACK_ID, VideoConfig(Codec.H265, 1_280, 720, codec_string, (), 0))


def sound(codec: Codec, rate: int, channels: int) -> Track:
    return Track(AUDIO_TRACK_ID, AudioConfig(codec, rate, channels, codec.value, b"", rate))
