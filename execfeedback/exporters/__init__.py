"""Views of a corpus for those who train on it. One module a format: `create(**options)` gives an Exporter."""
