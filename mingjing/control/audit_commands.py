"""Commands on the audit log and the signed heads: prove them, show the key, change it."""

import asyncio

from mingjing.control.requests import AuditReport, BrokenHeadItem, CommandError, HeadKey, HeadKeyUse
from mingjing.wiring import House
from storage.heads import HeadKeyMissing, key_changes, public_pem


async def verify_audit(house: House, principal: str, *, full: bool) -> AuditReport:
    """The proof is an entry itself: that somebody looked, and what the look found."""
    ledger = await house.ledger.verify()
    heads = await house.notary.verify(full=full)
    intact = ledger.intact and heads.intact
    detail = {"entries": ledger.entries, "heads": heads.heads, "from_head": heads.from_head, "intact": intact}
    await house.ledger.append(principal=principal, action="audit.verify", detail=detail)
    broken, broken_head = ledger.first_broken, heads.first_broken
    return AuditReport(
        entries=ledger.entries,
        intact=intact,
        broken=None if broken is None else broken.n,
        file="" if broken is None else broken.file,
        line=0 if broken is None else broken.line,
        reason="" if broken is None else broken.reason,
        from_head=heads.from_head,
        heads=heads.heads,
        leaves=heads.leaves,
        gone=heads.gone,
        second_copy=house.notary.statistics().second_copy is not None,
        copy_unread=heads.copy_unread,
        keys=tuple(HeadKeyUse(key=use.key, from_head=use.from_head, vouched=use.vouched) for use in heads.keys),
        broken_head=None
        if broken_head is None
        else BrokenHeadItem(
            head=broken_head.head,
            leaf=broken_head.leaf,
            subject=broken_head.subject,
            file=broken_head.file,
            line=broken_head.line,
            reason=broken_head.reason,
        ),
    )


async def show_key(house: House) -> HeadKey:
    """The key, and those before it: whoever keeps this list can check bundles of any time."""
    key = house.notary.statistics().heads.key
    if key is None:
        raise CommandError(f"No key: {house.notary.heads.why_no_key}.")
    changes = await asyncio.to_thread(key_changes, house.notary.heads.folder)
    history = [HeadKeyUse(key=one.head.key, from_head=one.head.number, vouched=one.vouched) for one in changes]
    return HeadKey(key=key, pem=public_pem(key), history=tuple(history))


async def rotate_key(house: House, principal: str, *, lost: bool) -> HeadKey:
    try:
        head = await house.notary.rotate_key(principal, lost=lost)
    except HeadKeyMissing as error:
        raise CommandError(f"The key was not changed: {error}.") from None
    except ValueError:
        fix = "Leave --lost out: then the present key vouches for the new one."
        raise CommandError("The key is not lost.", field="lost", fix=fix) from None
    except OSError as error:
        fix = "See to the disk that holds the heads, and look with `mingjing audit key`."
        raise CommandError(f"The key was not changed: {error}", fix=fix) from None
    return HeadKey(key=head.key, pem=public_pem(head.key), head=head.number)
