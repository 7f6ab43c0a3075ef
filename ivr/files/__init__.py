"""From the files of a folder to flows: YAML with its marks, schemas, mistakes with their lines."""
