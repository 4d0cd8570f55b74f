"""The judgement: what was enforced, whether it can be seen, and what people decide about it.

Here: cases (`supervision.cases`). Disputes, reviews, alert rules, indicators and rectification come with their issues.
Not here: footage and who keeps it (recorder), what a device sends (gateway), who may do any of this (viewer.access),
HTTP and words on screens (viewer).

Invariant: what people decide here is an entry of the ledger before it is a row, and can be made again from it.
"""
