"""Why somebody watches; on record for every view, in the browser and over RTSP."""

from enum import StrEnum


class Purpose(StrEnum):
    DUTY = "duty"
    CASE = "case"
    DISPUTE = "dispute"
    COMPLAINT = "complaint"
    EXERCISE = "exercise"
