"""Moving in: people and aliases from the files of other systems, read, planned and carried out.

`reading` makes people of a file in a child, `planning` says what that would change, and `carrying`
does it; addresses that the traffic knows and we do not are `knocks`.
"""
