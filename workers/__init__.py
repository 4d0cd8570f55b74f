"""The workshop: processes that open what devices send. Nobody else does: libav must not see their bytes in the server.

Here: a pool of processes (`SoundWorkers`) that make sound of one codec into another, another one for thumbnails
(`ThumbnailWorkers`), a process of its own for each film that words are burnt into (`burning`), and one for each file
that is sent later (`read_file`), which tells what is in it.

Not here: who listens and to which channel (gateway.sound), what is exported (recorder.export), which picture somebody
looks for (recorder), where a unit stands in time (media), files, databases and clocks (storage: neighbours that do not
know each other).

Invariants: the server waits for no worker, and every queue towards them is bounded by count, bytes and age. A worker
holds no file, no socket but the one to the server, and no more memory and time than it needs. What it
answers is believed as little as what a device sends. It may die at any instant: that costs its channels what was under
way, and input that kills three workers is given to no fourth.

`workers.inside` is what runs in there. It is never imported here: `tests/mingjing/test_no_libav.py`.
"""

from workers.burn_in import BurnIn, BurnInFailed, burning
from workers.burn_wire import BurnAnswer, BurnOrder, Burnt, Lettering, Zone
from workers.file_units import FileNotRead, FilePictures, read_file
from workers.file_wire import FileFacts
from workers.pool import PoolEvent, SoundWorkers, Trouble, WorkerStatistics
from workers.sound import GivenUp, MadeSound, SoundReader, SoundUnit
from workers.thumbnail import NoThumbnail, NotMade, ThumbnailStatistics, ThumbnailTrouble, ThumbnailWorkers
from workers.thumbnail_wire import KeyPicture
from workers.transcode import Transcode

__all__ = [
    "BurnAnswer",
    "BurnIn",
    "BurnInFailed",
    "BurnOrder",
    "Burnt",
    "FileFacts",
    "FileNotRead",
    "FilePictures",
    "GivenUp",
    "KeyPicture",
    "Lettering",
    "MadeSound",
    "NoThumbnail",
    "NotMade",
    "PoolEvent",
    "SoundReader",
    "SoundUnit",
    "SoundWorkers",
    "ThumbnailStatistics",
    "ThumbnailTrouble",
    "ThumbnailWorkers",
    "Transcode",
    "Trouble",
    "WorkerStatistics",
    "Zone",
    "burning",
    "read_file",
]
