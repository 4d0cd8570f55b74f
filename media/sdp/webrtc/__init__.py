"""Offer and answer of WebRTC (RFC 8829, 8839, 8842, 9725) and the fragments of trickle ICE (RFC 8840).

Here: what an offer says (`read_offer`), what of it we take (`choose_ingest`, `choose_egress`), our answer
(`build_answer`). Not here: sockets, keys and who may connect (gateway.webrtc).

Invariants: only `OfferError` escapes the readers, and it names the line at fault; an answer has the offer's
m-lines in the offer's order.
"""
