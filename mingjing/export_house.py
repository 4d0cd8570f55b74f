"""Exports as the roof puts them together: what a package is made of, and the words that other rooms have for it.

Not here: jobs, bundles and records themselves (recorder.export).
"""

from functools import partial
from importlib.metadata import version

from gateway.registry import Registry
from mingjing.settings import ArchiveSettings
from mingjing.wiring import House
from recorder import (
    Archiver,
    AsideMaker,
    CaseFacts,
    Desk,
    Exports,
    Kept,
    Passage,
    Place,
    Shelf,
    find_references,
)
from storage import DAY_NS
from supervision.cases import Cases


def open_exports(house: House, archiver: Archiver, kept: Kept) -> Exports:
    """For the server to run."""
    settings = house.settings
    desk = Desk(
        notary=house.notary,
        media=house.store.media,
        footage_of=archiver.recordings,
        ledger=house.ledger,
        ledger_dir=settings.ledger_dir,
        database=house.database,
        kept=kept,
        node=settings.node_id,
        version=version("mingjing"),
        find_place=partial(_place_of, house.registry),
        find_case=partial(_case_of, house.cases, house.registry),
    )
    return Exports(
        database=house.database,
        ledger=house.ledger,
        clock=house.steady,
        new_id=house.new_id,
        pins=kept.pins,
        shelf=Shelf(settings.exports_dir, _keep_free(settings.archive)),
        recordings=archiver.recordings,
        find=partial(find_references, archiver.recordings, house.store.media),
        make=AsideMaker(desk),
        rest_ns=round(settings.exports.days * DAY_NS),
    )


def _keep_free(archive: ArchiveSettings) -> float:
    """Between the level at which people are warned, which the ring keeps, and that at which recording stops: packages
    may take half of that, and the ring makes room again."""
    return (archive.disk_stop_percent + archive.disk_warning_percent) / 200


def _place_of(registry: Registry, passage: Passage) -> Place:
    device = registry.devices.find(passage.device)
    unit = registry.units.find(passage.unit if device is None else device.unit)
    checkpoint = None if device is None else registry.checkpoints.find(device.checkpoint)
    return Place(
        device_name="" if device is None else device.name,
        model="" if device is None else device.model,
        checkpoint="" if checkpoint is None else checkpoint.name,
        unit=passage.unit if unit is None else unit.name,
    )


async def _case_of(cases: Cases, registry: Registry, case_id: str) -> CaseFacts | None:
    case = await cases.find(case_id)
    if case is None:
        return None
    fields = case.fields
    unit = registry.units.find(fields.unit)
    officers = (f"{one.name}({one.certificate_no})" if one.certificate_no else one.name for one in fields.officers)
    return CaseFacts(
        id=case.id,
        case_no=fields.case_no,
        cause=fields.cause,
        unit=fields.unit if unit is None else unit.name,
        officers=tuple(officers),
    )
