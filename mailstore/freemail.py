"""Domains where anybody gets an address for nothing, so that it says nothing of who writes."""

# The common ones of Switzerland, of its neighbours, and of the world.
_SWISS = "bluewin.ch bluemail.ch hispeed.ch sunrise.ch swissonline.ch vtxmail.ch quickline.ch"
_GERMAN = (
    "gmx.ch gmx.de gmx.at gmx.net gmx.com web.de t-online.de freenet.de arcor.de mailbox.org "
    "posteo.de email.de online.de aon.at chello.at mail.de"
)
_FRENCH = (
    "orange.fr wanadoo.fr laposte.net free.fr sfr.fr neuf.fr bbox.fr numericable.fr gmx.fr "
    "live.fr hotmail.fr outlook.fr yahoo.fr"
)
_ITALIAN = (
    "libero.it virgilio.it alice.it tin.it tiscali.it inwind.it iol.it email.it hotmail.it "
    "live.it outlook.it yahoo.it fastwebnet.it"
)
_WORLD = (
    "gmail.com googlemail.com outlook.com outlook.de hotmail.com hotmail.ch hotmail.de "
    "hotmail.co.uk live.com live.de live.co.uk msn.com passport.com yahoo.com yahoo.de yahoo.co.uk "
    "ymail.com rocketmail.com aol.com aol.de aim.com icloud.com me.com mac.com mail.com email.com "
    "usa.com europe.com consultant.com proton.me protonmail.com protonmail.ch pm.me tutanota.com "
    "tutanota.de tuta.io tuta.com zoho.com zohomail.com zohomail.eu yandex.com yandex.ru mail.ru "
    "inbox.ru bk.ru list.ru rambler.ru ukr.net qq.com 163.com 126.com sina.com foxmail.com "
    "naver.com rediffmail.com inbox.lv seznam.cz wp.pl o2.pl onet.pl interia.pl cock.li "
    "disroot.org fastmail.com fastmail.fm hushmail.com gmx.us mailo.com skiff.com"
)
FREE_MAIL = frozenset(" ".join((_SWISS, _GERMAN, _FRENCH, _ITALIAN, _WORLD)).split())
