"""Tests of the portal: pages, links, reports, and what it shows of other people's HTML."""
