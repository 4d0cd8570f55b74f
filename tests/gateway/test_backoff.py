import random

from gateway.rtsp.backoff import Backoff, Patience

PATIENCE = Patience()


def longest(_low, high):
    return high


def test_waits_grow_to_the_cap_and_a_stream_that_lasted_begins_anew():
    backoff = Backoff(PATIENCE, longest)
    assert [backoff.next() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.next(PATIENCE.good_after_s) == 1
    assert backoff.next(PATIENCE.good_after_s / 2) == 2  # one that ended at once is a failure


def test_after_a_wrong_password_a_camera_has_time_to_unlock_the_account():
    backoff = Backoff(PATIENCE, min)
    assert [backoff.next(wrong_password=True) for _ in range(100)] == [PATIENCE.locked_out_s] * 100
    backoff = Backoff(PATIENCE, longest)
    assert [backoff.next(wrong_password=True) for _ in range(5)] == [120, 240, 480, 600, 600]


def test_two_hundred_cameras_that_go_at_once_are_not_called_in_step():
    chance = random.Random(7)
    cameras = [Backoff(PATIENCE, chance.uniform) for _ in range(200)]
    at_s = [0.0] * 200
    for _ in range(6):
        at_s = [at + camera.next() for at, camera in zip(at_s, cameras, strict=True)]
    busiest = max(sum(second <= at < second + 1 for at in at_s) for second in range(70))
    assert busiest <= 200 / 70 * 6  # evenly they would be some six a second where they are densest
