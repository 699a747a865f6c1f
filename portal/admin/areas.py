"""The areas of the administration, each a blueprint."""

from portal.admin import (
    blocked,
    claiming,
    delivery,
    domains,
    held,
    levels,
    list_import,
    list_tidy,
    lists,
    look,
    outgoing,
    people,
    personal,
    policies,
    protected,
    records,
    requests,
    roles,
    start,
    views,
)

ADMIN = (
    people, views, blocked, delivery, held, look, outgoing, personal, requests, roles, start,
    claiming, domains, records, lists, list_import, list_tidy, policies, levels, protected,
)  # fmt: skip
