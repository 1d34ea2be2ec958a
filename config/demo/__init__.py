"""The demo city: invented zones, red line, plots, enterprises and returns on real district boundaries.

The city is drawn on a flat *plan* (metres, straight streets), which a smooth
deformation bends into the ground plane (EPSG:4547) and then into CGCS2000
longitude and latitude. Splitting straight pieces is exact and fast; bending the
finished, noded pieces keeps shared edges shared.

Everything comes from one seed: the same seed and size give the same bytes.
"""
