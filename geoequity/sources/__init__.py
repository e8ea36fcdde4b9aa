"""
Readers: bytes in, tables out.

Each reader ends in the one metric CRS of the study and records where its rows
came from and what became of them.
"""
