"""Benchmarks: ratios measured in one run on one machine, interleaved, median of several rounds.

``python -m bench`` (``make bench``) measures the sizes of ``PLOTS``, by default 40,000 and 1,000,000 plots,
each in a database of its own that is created beside the private one and dropped again.
"""
