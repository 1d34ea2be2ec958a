"""Files of returns: a workbook or text of an office, read into columns, checked against what is believed.

`reading` hands the bytes to a process of its own (`child`: `workbook`, `separated`, `headings`); `numbers` turns cells
into exact whole minor units; `standing` asks the database how the rows stand; `examining` says what is wrong with which
row and what would change; `template` writes the empty form and `report` what became of a file. Nothing here writes.
"""
