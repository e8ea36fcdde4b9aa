"""Hostile inputs for every reader: what is changed, who reads it, and what is measured meanwhile."""
