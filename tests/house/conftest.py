from tests.house.fixtures import clip_cache, furniture, house, house_clip

__all__ = ["clip_cache", "furniture", "house", "house_clip"]
