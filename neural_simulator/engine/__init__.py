"""Time: the state of a network and how it moves."""
