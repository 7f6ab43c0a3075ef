"""The words that flows are made of: lengths, expressions, texts and values, calendars, crises, rosters, ways out."""
