"""Reports: what came of the calls of a day, a week or a month, as tables, files and pages (docs/reports.md)."""
