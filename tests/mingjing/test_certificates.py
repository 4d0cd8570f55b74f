"""When a certificate ends is told for each door that shows one."""

import time

import pytest

from mingjing.certificates import CertificateCollector
from mingjing.settings import HttpSettings, RtspSettings, Settings
from tests.house.certificate import self_signed

DAY_S = 86_400


def told(settings):
    [ends] = CertificateCollector(settings).collect()
    return {sample.labels["door"]: sample.value for sample in ends.samples}


@pytest.fixture
def pair(tmp_path):
    made = self_signed(tmp_path, days=30)
    return {"certificate": made.chain, "private_key": made.private_key}


def test_the_certificate_of_the_screens_serves_rtsp_as_well(pair):
    ends = told(Settings(http=HttpSettings(**pair)))
    assert set(ends) == {"https", "rtsps"}
    assert all(abs(end - time.time() - 30 * DAY_S) < 60 for end in ends.values())


def test_of_a_chain_the_first_end_counts(pair, tmp_path):
    (tmp_path / "other").mkdir()
    sooner = self_signed(tmp_path / "other", days=3)
    pair["certificate"].write_bytes(pair["certificate"].read_bytes() + sooner.chain.read_bytes())
    [(door, end)] = told(Settings(rtsp=RtspSettings(**pair))).items()
    assert door == "rtsps"
    assert abs(end - time.time() - 3 * DAY_S) < 60


def test_without_a_certificate_or_one_that_can_be_read_nothing_is_told(tmp_path):
    assert told(Settings()) == {}
    strange = tmp_path / "chain.pem"
    strange.write_text("no certificate")
    assert told(Settings(rtsp=RtspSettings(certificate=strange, private_key=strange))) == {}
