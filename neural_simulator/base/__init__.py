"""Words that every room uses: declarations, units, errors, log, paths."""
