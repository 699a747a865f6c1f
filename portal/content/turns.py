"""Characters that turn the direction of text: in a name or a link they make it read otherwise."""

TURNS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
