"""Sender authentication: SPF, DKIM, DMARC, ARC, and what they prove."""
