"""The alarms of this server, kept: who comes on shift sees what happened in the night, and what somebody has seen to.

Here: the log of alarms (`AlarmLog`), in memory for the walls and in the database for the list.
Not here: when an alarm is raised (gateway.stream, recorder), who may read or acknowledge one
(viewer.access), what it looks like in an answer (viewer.api) or on a socket (viewer.live).

Invariants:
- An alarm that comes again and again is one line that counts, until a person has acknowledged it or it kept quiet.
- An acknowledgement has its entry in the ledger, with the name and the time.
- The log is bounded: the oldest lines go, and what could not be kept is counted.
"""

from viewer.alarms.alarm_log import AlarmLog
from viewer.alarms.kept import AlarmKept, AlarmTally, KeptAlarm
from viewer.alarms.tables import AlarmFilter, AlarmPage, NotACursor

__all__ = ["AlarmFilter", "AlarmKept", "AlarmLog", "AlarmPage", "AlarmTally", "KeptAlarm", "NotACursor"]
