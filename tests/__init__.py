"""Tests: by need first, then by room."""
