import time

import pytest

from portal.content.sanitize import LONGEST_SHEETS
from portal.content.styles import clean_sheet, clean_style

KEPT = {
    "class": (".x{color:red}", ".mail .x,.mail.x{color:red}"),
    "element": ("td{padding:0 8px}", ".mail td{padding:0 8px}"),
    "several": ("h1, h2 > a{margin:0}", ".mail h1,.mail h2 > a{margin:0}"),
    "body": ("body{margin:0}", "body.mail{margin:0}"),
    "root and body": ("html body.x p{color:red}", "body.mail.x p{color:red}"),
    "everything": ("*{margin:0}", ".mail *,.mail{margin:0}"),
    "attribute": ("td[class=x]{width:9px}", ".mail td[class=x]{width:9px}"),
    "state": ("a:hover{color:red}", ".mail a:hover{color:red}"),
    "important": ("p{color:red !important}", ".mail p{color:red!important}"),
    "media": ("@media (max-width:600px){p{width:100%}}",
              "@media (max-width:600px){.mail p{width:100%}}"),
    "media in media": ("@media screen{@media print{p{color:red}}}",
                       "@media screen{@media print{.mail p{color:red}}}"),
    "comment of old": ("<!-- p{color:red} -->", ".mail p{color:red}"),
    "calculated": ("p{width:calc(100% - 8px)}", ".mail p{width:calc(100% - 8px)}"),
    "picture replaced": ("p{background:#fff url(http://x/y)}", ".mail p{background:#fff none}"),
    "picture dropped": ("p{background-image:url(http://x/y);color:red}", ".mail p{color:red}"),
}  # fmt: skip
DROPPED = {
    "import": "@import 'x';",
    "font": "@font-face{font-family:x;src:url(x)}",
    "part of an element": "p::after{color:red}",
    "part, as of old": "p:before{color:red}",
    "function": "p:not(.x){color:red}",
    "position": "p{position:fixed;z-index:9;top:0}",
    "content": "p{content:'x'}",
    "pointer": "a{pointer-events:auto}",
    "end of the sheet": "p{font-family:'</style>'}",
    "end of the sheet in a selector": "[title='</style>']{color:red}",
    "end of the sheet in a name": ".\\<\\/style\\>{color:red}",
    "variable": "p{--x:red;color:var(--x)}",
    "no rule": "p{",
    "supports": "@supports (color:red){p{color:red}}",
    "media that closes": "@media screen and (x:'</style>'){p{color:red}}",
}
COSTLY = {
    "braces": "{", "brackets": "(", "selectors": "a,", "rules": "a{}", "values": "a:(",
    "urls": "url(", "strings": "'\n", "comments": "/*", "escapes": "\\", "classes": ".a",
    "media": "@media x{",
}  # fmt: skip


@pytest.mark.parametrize(("css", "kept"), KEPT.values(), ids=KEPT)
def test_rules_that_lay_out_are_bound_to_the_mail(css: str, kept: str) -> None:
    assert clean_sheet(css) == kept


@pytest.mark.parametrize("css", DROPPED.values(), ids=DROPPED)
def test_what_could_do_more_is_dropped(css: str) -> None:
    assert clean_sheet(css) == ""


def test_a_picture_that_may_come_cannot_leave_its_quotes() -> None:
    style = clean_style('background:url(http://x/\\"\\)y\\<z)', str)
    assert style == 'background:url("http://x/%22%29y%3Cz")'


@pytest.mark.parametrize("piece", COSTLY.values(), ids=COSTLY)
def test_no_sheet_takes_long(piece: str) -> None:
    begun = time.process_time()
    clean_sheet(piece * (LONGEST_SHEETS // len(piece)))
    assert time.process_time() - begun < 2
