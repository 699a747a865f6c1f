"""Report links: opening shows and never acts; one button acts."""
