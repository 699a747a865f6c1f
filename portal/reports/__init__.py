"""Report mails: rendered for one person, and queued like any other mail.

They are made in the worker, without a request: language, zone and address of their links come
from rows and settings, never from a Host header.
"""
