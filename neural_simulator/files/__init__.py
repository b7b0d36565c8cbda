"""Disk: profiles, recordings, pictures and exports. Everything written is whole or absent."""
