#!/usr/bin/env bash
# Real programs that the tests talk to. Installs what is missing where it may; a test whose program is
# still missing says so and skips.
set -euo pipefail

wanted=()
command -v ffmpeg >/dev/null || wanted+=(ffmpeg)
command -v chromium >/dev/null || wanted+=(chromium)
command -v strace >/dev/null || wanted+=(strace)
command -v ip >/dev/null || wanted+=(iproute2)
fc-list :lang=zh 2>/dev/null | grep -q . || wanted+=(fonts-noto-cjk)
/usr/bin/python3 -c "import gi; gi.require_version('GstRtspServer', '1.0')" 2>/dev/null ||
    wanted+=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good)
[ ${#wanted[@]} = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${wanted[@]}" >/dev/null
else
    echo "not installed, and this account may not: ${wanted[*]} (tests that need them will be skipped)" >&2
fi
