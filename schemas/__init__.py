"""What a sample is, what a family and a filter are, the shard format, recipes, seeds and errors. Imports no other package of Assay."""
