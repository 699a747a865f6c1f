"""The areas of the administration, each a blueprint."""

from portal.admin import (
    addresses,
    blocked,
    boxes,
    claiming,
    delivery,
    domains,
    held,
    levels,
    list_import,
    list_tidy,
    lists,
    look,
    moving,
    outgoing,
    people,
    person_data,
    personal,
    policies,
    protected,
    records,
    requests,
    retention,
    roles,
    start,
    views,
)

ADMIN = (
    people, person_data, boxes, moving, addresses, roles, views, start, delivery, domains, claiming,
    records, requests, held, outgoing, blocked, policies, levels, protected, lists, list_import,
    list_tidy, personal, look, retention,
)  # fmt: skip
