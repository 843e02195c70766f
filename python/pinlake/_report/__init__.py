"""The report's rooms: `collect` (tables → data), `plots` (data → figures), `page` (→ HTML)."""
