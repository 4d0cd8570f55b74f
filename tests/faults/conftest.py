from tests.house.fixtures import built_house, clip_cache, furniture, house, house_clip, shared_house

__all__ = ["built_house", "clip_cache", "furniture", "house", "house_clip", "shared_house"]
