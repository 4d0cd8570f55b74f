"""The recorder's rules, as settings say them."""

from mingjing.settings import ArchiveSettings, Settings
from recorder import ArchiveRules, DiskLevels, RingLimits, ScrubRules, SegmentRules, UploadLimits
from storage import DAY_NS

MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


def archive_rules(archive: ArchiveSettings) -> ArchiveRules:
    return ArchiveRules(
        segments=SegmentRules.of_minutes(archive.segment_minutes),
        levels=DiskLevels(warning=archive.disk_warning_percent / 100, stop=archive.disk_stop_percent / 100),
        ring=RingLimits(
            max_age_ns=round(archive.ring_days * DAY_NS),
            max_bytes=round(archive.ring_gigabytes * GIGABYTE) or None,
            keep_free=archive.disk_warning_percent / 100,
            min_age_ns=round(min(archive.ring_floor_days, archive.ring_days) * DAY_NS),
        ),
        syncfs=archive.sync == "syncfs",
    )


def upload_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(
        file_bytes=round(settings.backfill.file_gigabytes * GIGABYTE),
        total_bytes=round(settings.backfill.total_gigabytes * GIGABYTE),
        keep_free=settings.archive.disk_warning_percent / 100,
    )


def scrub_rules(archive: ArchiveSettings) -> ScrubRules:
    return ScrubRules(
        bytes_a_second=round(archive.scrub_megabytes_s * MEGABYTE), round_ns=round(archive.scrub_days * DAY_NS)
    )
