"""工改工: an enterprise asks for a higher plot ratio; the decision changes the plot's planning conditions."""

KIND = "plot_ratio"
"""The name of the kind of case."""
