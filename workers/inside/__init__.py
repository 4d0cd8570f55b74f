"""What runs in a worker process (`python -m workers.inside`), and the only place that opens libav.

Not here: anything of the server. Nothing of this is imported there.
"""
