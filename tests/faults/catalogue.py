"""The faults that the product is held to, by number. Numbers that the list leaves out have no fault behind them.

Those that come with parts of the product that are not built yet are not here; they come with those parts.
"""

FAULTS = {
    # Process
    "F01": "kill -9 at random instants",
    "F04": "kill between fsync and row",
    "F05": "SIGKILL at every k-th call to the disk",
    "F06": "SIGTERM with live streams",
    "F07": "SIGSTOP for 10 s",
    "F09": "bait that crashes the decoder",
    # Disk
    "F12": "last blocks of the open file zeroed or random",
    "F14": "database from an hour ago",
    "F15": "media restored from an older copy",
    "F16": "empty database, full media",
    "F17": "wrong or absent media disk",
    "F18": "ENOSPC on the media disk for 60 s",
    "F19": "ENOSPC on the database disk",
    "F20": "ENOSPC on the audit disk",
    "F21": "fsync fails once with EIO",
    "F22": "EIO while footage is read",
    "F26": "fsync takes 5 s",
    "F27": "100 flipped bits, found 100 times",
    # Network in
    "F29": "half-open publisher",
    "F30": "the same device from a new address",
    "F31": "another credential on a live path",
    "F32": "200 devices reconnect within 2 s",
    "F33": "flapping each second for 5 min",
    "F34": "stall of 8 s and 30 s, then a burst",
    "F35": "loss 1/5/15 %, reorder, duplication, jitter, by UDP and WHIP",
    "F36": "uplink of 256 kbit/s for a stream of 1.5 Mbit/s",
    "F37": "a WHIP source changes its port",
    "F38": "datagrams over 1,200 bytes are dropped",
    "F39": "RST in the middle of a frame",
    "F40": "500 slow loris, 2,000 unauthenticated ANNOUNCE a minute",
    # Media
    "F41": "SPS changes, once and every GOP",
    "F42": "H.264 becomes H.265 on re-announce",
    "F43": "no IDR for 60 s",
    "F44": "B-frames",
    "F45": "RTP time wraps",
    "F46": "RTP time jumps by -9,800 s and +37,600 s",
    "F47": "sequence wrap, new SSRC, new payload type",
    "F48": "no SR, SR in 1970 and 2036, SR stepping by 1 h",
    "F49": "late audio, audio gap of 30 s",
    "F50": "device clock off by 500 ppm",
    # Time
    "F51": "server clock steps by 1 h while recording",
    "F53": "boot in 1970",
    "F54": "daylight-saving fall-back",
    # Viewers
    "F57": "reader at 10 kB/s",
    "F58": "stopped reader",
    "F59": "half-open viewer",
    "F60": "300 viewers leave at once",
    "F62": "right revoked while watching",
    # Back ends
    "F63": "SQLite locked for 30 s",
    "F65": "corrupt database page",
}
