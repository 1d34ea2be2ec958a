"""Pages of returns: import, reports, figures by year, land."""
