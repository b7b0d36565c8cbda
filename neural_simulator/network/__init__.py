"""Who exists, where, and who talks to whom."""
