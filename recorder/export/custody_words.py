"""The words of the custody document: Chinese as the procedures have it, English beside it.

The rows follow what the Supreme People's Court's rules on evidence in administrative litigation (2002, article 12) ask
of copies of audiovisual material: how they were made, when, by whom, and what they are to prove. Pure.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from media import GapCause
from storage.ledger import Entry

CHINA = timezone(timedelta(hours=8))

CHANNELS: Mapping[str, str] = {"main": "主码流 main", "sub": "子码流 sub", "talk": "对讲 talkback"}
STAGES: Mapping[str, str] = {
    "start": "启动 start",
    "investigation": "调查取证 investigation",
    "review": "审核 review",
    "decision": "决定 decision",
    "service": "送达 service",
    "enforcement": "执行 enforcement",
}

CAUSES: Mapping[GapCause, str] = {
    GapCause.PACKET_LOSS: "传输丢包 packets lost on the way",
    GapCause.DEVICE_PAUSED: "设备暂停发送 the device paused",
    GapCause.RTP_JUMP: "设备时间跳变 the device's clock jumped",
    GapCause.OFFLINE: "设备断线 connection lost",
    GapCause.STALLED: "连接停滞 connection stalled",
    GapCause.TAKEOVER: "同一设备改由新连接发送 the device came back on another connection",
    GapCause.DISABLED: "设备被停用 the device was disabled",
    GapCause.SERVER_STOPPED: "服务器正常停止 the server was stopped",
    GapCause.SERVER_CRASHED: "服务器意外停止 the server died",
    GapCause.ARCHIVE_OVERFLOW: "磁盘写入过慢 the disk was too slow",
    GapCause.DISK_ERROR: "磁盘错误 disk error",
    GapCause.DISK_FULL: "磁盘已满 disk full",
    GapCause.DEVICE_STOPPED: "设备端停止 the device stopped",
    GapCause.KEY_ROTATED: "设备密钥更换 the device's key was replaced",
    GapCause.TALK_ENDED: "对讲结束 the talk ended",
}

LACKS: Mapping[str, str] = {
    "missing": "录像文件缺失 the file is gone",
    "damaged": "录像文件损坏 damaged in the store",
    "unproven": "尚无签名头可证明 no signed head is over it",
    "no_footage": "没有录像 no footage",
    "contradicted": "日志与已签名的叶不符 the journal is not the one that was signed",
}

ACTIONS: Mapping[str, str] = {
    "clip.create": "留存为片段 kept as a clip",
    "clip.edit": "修改片段说明 clip described anew",
    "clip.ask_removal": "申请解除留存 release asked for",
    "clip.agree_removal": "同意解除留存 release agreed to",
    "clip.withdraw_removal": "撤回解除 kept after all",
    "hold.create": "封存 put on hold",
    "hold.edit": "修改封存说明 hold described anew",
    "hold.ask_removal": "申请解除封存 release asked for",
    "hold.agree_removal": "同意解除封存 release agreed to",
    "hold.withdraw_removal": "撤回解除 held after all",
    "playback.open": "调阅开始 opened for viewing",
    "playback.close": "调阅结束 viewing closed",
    "playback.cut": "调阅因服务器停止中断 viewing cut by a stop",
    "export.create": "申请导出 package ordered",
    "export.agree": "第二人同意导出 second person agreed",
    "export.ready": "导出完成 package made",
    "export.fail": "导出失败 package failed",
    "export.cancel": "取消导出 package cancelled",
    "export.expire": "导出包到期删除 package expired",
    "export.download": "下载导出包 package downloaded",
    "export.download_end": "下载结束 download ended",
}


def local_time(utc_ns: int) -> str:
    """Beijing time to the millisecond."""
    moment = datetime.fromtimestamp(utc_ns // 1_000_000_000, CHINA)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{utc_ns // 1_000_000 % 1_000:03}"


def act_words(entry: Entry) -> str:
    """What an entry says was done; for a view also how much was seen."""
    words = ACTIONS.get(entry.action, entry.action)
    seconds = entry.detail.get("seconds")
    if entry.action == "playback.close" and isinstance(seconds, (int, float)):
        words += f"（{seconds:g} s）"
    return words


def person(principal: str) -> str:
    return principal.removeprefix("user:")


def length_words(length_ns: int) -> str:
    """`1:02:03.4`: hours, minutes, seconds."""
    tenths = length_ns // 100_000_000
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{tenths // 10:02}.{tenths % 10}"


def size_words(size_bytes: int) -> str:
    return f"{size_bytes:,} B"
