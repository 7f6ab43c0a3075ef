"""The console's pages: one module each, in the table of `console.pages.table`."""
