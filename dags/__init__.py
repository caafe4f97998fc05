"""What runs after what: the Ray graphs, and the `assay` command."""
