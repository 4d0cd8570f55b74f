"""What is handed out of kept footage: the room of export.

Here: the playable MP4 of a passage, and the copy with words burnt in.
Not here: which footage is kept (recorder.kept), who may take it out (viewer.access).
"""
