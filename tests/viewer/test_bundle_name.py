"""The name under which a package is saved, whatever somebody typed as a case number."""

from datetime import UTC, datetime

import pytest

from viewer.exports import bundle_name, disposition

DAY = datetime(2026, 12, 1, tzinfo=UTC)
ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.mark.parametrize(
    ("case_no", "stem"),
    [
        ("沪市监罚字〔2026〕17号", "沪市监罚字〔2026〕17号"),
        ("", "mingjing"),
        ("=cmd|'/C calc'!A0", "cmd___C calc_!A0"),
        ("＋1－2", "1－2"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ('a";filename="b', "a_;filename=_b"),
        (". . .", "mingjing"),
        ("\ud800", "mingjing"),
        ("案" * 200, "案" * 60),
        ("مرحبا", "مرحبا"),
    ],
)
def test_a_case_number_makes_a_name_that_no_disk_or_eye_is_fooled_by(case_no, stem):
    name = bundle_name(case_no, ID, DAY)
    assert name == f"{stem}-20261201-G5FAV.zip"
    assert len(name.encode()) <= 255
    assert disposition(name).isascii()


def test_old_clients_get_a_name_in_ascii_and_new_ones_the_name():
    said = disposition(bundle_name("沪17", ID, DAY))
    assert said == (
        'attachment; filename="_17-20261201-G5FAV.zip"; '
        "filename*=UTF-8''%E6%B2%AA17-20261201-G5FAV.zip"
    )  # fmt: skip
