"""Pages of evaluations: runs, results with their working, objections, lists to publish."""
