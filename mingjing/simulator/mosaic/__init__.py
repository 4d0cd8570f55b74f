"""The generated picture: a moving scene as an H.264 stream, by a coder of our own.

Why not an encoder from a library: the PyAV wheel has none for H.264 but x264 (GPL), and what is
wanted is no good compression but a stream of exactly known pictures, sizes and bit rate, the same
on every machine. A mosaic of flat tiles needs three kinds of macroblock and no transform worth the name.

Here: the scene, the letters, the coder, `encode`.
Not here: sound, RTP, devices.

Invariants: what a decoder shows is known to the last bit (tests hold it against libav); the first
slice of a picture is the label strip, coded for itself, so that each device can have its own name in
the picture and share everything else.
"""

from mingjing.simulator.mosaic.encode import EncodedPicture, MosaicStream, encode, label_units

__all__ = ["EncodedPicture", "MosaicStream", "encode", "label_units"]
