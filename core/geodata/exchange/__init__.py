"""Exchange files: what offices send and expect (SHP, GPKG, GeoJSON, FileGDB, DXF, 国土 TXT).

Reading never trusts the bytes: a process of its own, with limits on memory, time and disk, unpacks, parses and
transforms them, and hands back Arrow columns and remarks (`reading`, `child`).
"""
