"""Files of returns: a workbook or text of an office, read into columns, checked against what is believed.

`reading` hands the bytes to a process of its own (`child`). That one takes a workbook apart (`package`), finds the
sheet (`workbook`), cuts its XML (`stretches`) and parses it (`parsing`, `marks`, `cells`), or reads text (`separated`),
and says which column is which (`headings`). `numbers` turns cells into exact whole minor units; `standing` asks the
database how the rows stand; `examining` says what is wrong with which row and what would change; `template` writes the
empty form and `report` what became of a file. Nothing here writes.
"""
