"""The channels of a device, as addresses name them."""

from enum import StrEnum


class ChannelName(StrEnum):
    MAIN = "main"
    SUB = "sub"
