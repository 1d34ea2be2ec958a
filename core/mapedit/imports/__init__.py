"""Files into change sets: columns to attributes, features to those in force, findings, and one COPY.

====================  =========================================================================================
`columns`             which column of the file is which attribute, proposed by name, corrected by people
`values`              cells to values, by their distinct contents; what cannot be read becomes a finding
`inforce`             the features in force, streamed from the database in blocks
`matching`            new, changed, unchanged, missing: by code, shape within 1 mm and the attributes the file carries
`remarks`             findings by row, capped a rule, with every refused row remembered
`copying`             the accepted rows into a change set
`report`              the outcome as JSON and as a workbook
====================  =========================================================================================

A million features pass as arrays; a Python object is made for a finding, never for a row.
"""
