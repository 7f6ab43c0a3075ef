"""What callers hear: texts spoken by a helper process or recorded, kept as A-law files by their content."""
