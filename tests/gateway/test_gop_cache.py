from gateway.stream.gop_cache import GOP_BYTES_MAX, GOP_FRAGMENTS_MAX, GopCache
from tests.gateway.fragments import picture, sound


def sequences(cache: GopCache) -> list[int]:
    return [fragment.sequence for fragment in cache.fragments()]


def test_a_new_viewer_gets_the_last_key_frame_and_everything_since() -> None:
    cache = GopCache()
    for fragment in (picture(1, key=True), picture(2), sound(3), picture(4, key=True), sound(5), picture(6)):
        cache.add(fragment)
    assert sequences(cache) == [4, 5, 6]


def test_nothing_is_kept_before_the_first_key_frame() -> None:
    cache = GopCache()
    cache.add(picture(1))
    cache.add(sound(2))
    assert sequences(cache) == []


def test_a_group_with_too_many_bytes_is_not_kept_in_part() -> None:
    cache = GopCache()
    cache.add(picture(1, key=True, size=GOP_BYTES_MAX))
    cache.add(picture(2, size=800))
    cache.add(picture(3))
    assert sequences(cache) == []
    cache.add(picture(4, key=True))
    assert sequences(cache) == [4]


def test_a_group_with_too_many_pictures_is_not_kept_in_part() -> None:
    cache = GopCache()
    cache.add(picture(1, key=True))
    for n in range(2, GOP_FRAGMENTS_MAX + 2):
        cache.add(picture(n))
    assert sequences(cache) == []
