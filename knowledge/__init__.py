"""What can be found: sources, parsing, chunking, the index and retrieval."""
