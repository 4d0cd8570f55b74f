"""Measures the product as its users load it, and prints one JSON object a benchmark.

Load generator and viewers are processes of their own; the server's cost is read from its own
process tree. Frames carry stamps, so loss, order and latency are counted, not assumed.
Not here: limits that must hold (performance gates are read off the report by people and CI).
"""
