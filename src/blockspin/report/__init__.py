"""The report: building blocks from which an experiment composes one self-contained HTML page.

`page.render` writes the page from sections; `tables` and `figures` make the blocks that a section holds, from plain
arrays and from the dictionaries of a run's JSON files. Nothing is computed here but pictures.
"""
