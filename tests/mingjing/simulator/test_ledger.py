"""Numbers of a device go on over its connections."""

from mingjing.simulator.ledger import DeviceLedger, FleetReport, SentRange


def test_each_publication_is_a_range_and_empty_ones_are_left_out():
    ledger = DeviceLedger("dev1", "main")
    first = ledger.open_session()
    for _ in range(3):
        first.count_unit(whole=True)
    ledger.open_session()
    third = ledger.open_session()
    third.count_unit(whole=False)
    third.sound_frames = 7
    report = ledger.report()
    assert report.sent == (SentRange(0, 2, 0, ()), SentRange(3, 3, 7, (3,)))
    assert report.units == 4
    assert FleetReport((report, report)).units == 8
