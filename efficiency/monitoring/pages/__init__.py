"""Pages of monitoring, one module a page."""
