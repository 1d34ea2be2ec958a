"""Files into change sets: columns to attributes, features to those in force, findings, and one COPY.

====================  =========================================================================================
`screening`           what each shape says by itself, found while the file is still being read
`columns`             which column of the file is which attribute, proposed by name, corrected by people
`values`              cells to values, by their distinct contents; what cannot be read becomes a finding
`inforce`             the features in force, streamed from the database in blocks
`matching`            new, changed, unchanged, missing: by code, shape within 1 mm and the attributes the file carries
`tiles`               the features by the place they lie in, so that memory stays flat
`surroundings`        overlaps and districts, a tile at a time
`remarks`             findings by row, capped a rule, with every refused row remembered
`copying`             the accepted rows into a change set
`report`              the outcome as JSON and as a workbook
====================  =========================================================================================

A million features pass as arrays; a Python object is made for a finding, never for a row. Geometries stay as they lie
in the file, on disk, and are decoded a block at a time, once to be screened and once in their tile, where they are
judged beside each other and written.
"""
