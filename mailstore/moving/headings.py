"""What the columns of a file hold, by their headings in the files of many systems.

A heading is compared without case, accents, blanks and signs: "E-Mail-Adresse" is "email adresse".
"""

import re
import unicodedata
from collections.abc import Sequence, Set
from enum import StrEnum

from mailstore.moving.values import Form


class Role(StrEnum):
    """What a column holds."""

    MAIN = "main"
    SIGN_IN = "sign_in"
    ALIASES = "aliases"
    NAME = "name"
    SURNAME = "surname"
    GIVEN = "given"
    KIND = "kind"
    BLOCKED = "blocked"
    ENABLED = "enabled"
    FLAGS = "flags"


NAMES = {
    Role.MAIN: """address email emailaddress mail main mainaddress mainemail primaryaddress
        primaryemail primaryemailaddress primarysmtpaddress windowsemailaddress emailadresse
        mailadresse adresse hauptadresse primareadresse courriel adresseemail adressemail
        adressecourriel adressedecourriel adresseprincipale adressedemessagerie indirizzo
        indirizzoemail indirizzomail indirizzoprincipale emailprincipale
        indirizzodipostaelettronica postaelettronica""",
    Role.SIGN_IN: "userprincipalname benutzerprinzipalname",
    Role.ALIASES: """aliases alias aliase emailalias emailaliases emailaddresses proxyaddresses
        aliasaddresses otheraddresses aliasadressen weitereadressen aliasadresse
        autresadresses adressesalias adressealias altriindirizzi indirizzialias""",
    Role.NAME: """name displayname fullname anzeigename vollstandigername namen nom nomcomplet
        nomaffiche nomdaffichage nome nomecompleto nomevisualizzato cn""",
    Role.SURNAME: """lastname surname familyname sn nachname familienname nomdefamille
        cognome""",
    Role.GIVEN: "firstname givenname vorname prenom nomeproprio",
    Role.KIND: """kind type recipienttype recipienttypedetails art typ postfachtyp postfachart
        genre typedeboite tipo tipocasella""",
    Role.BLOCKED: "blockcredential blockcredentials signinblocked blockedsignin",
    Role.ENABLED: "enabled accountenabled status state aktiv",
    Role.FLAGS: "useraccountcontrol",
}
ROLES = {name: role for role, names in NAMES.items() for name in names.split()}
# Some count their aliases.
_NUMBERED = re.compile(r"(?:alias(?:adresse)?|emailalias|adressealias)\d+")
# Which headings only one system has.
MICROSOFT = frozenset(
    ("primarysmtpaddress", "recipienttypedetails", "recipienttype", "blockcredential",
     "userprincipalname", "proxyaddresses", "emailaddresses", "windowsemailaddress")
)  # fmt: skip
DIRECTORY = frozenset(
    ("samaccountname", "distinguishedname", "dn", "useraccountcontrol", "sn", "objectclass")
)
GOOGLE = "required"
OWN = ("name", "address", "aliases", "kind")


def plain(heading: str) -> str:
    """Return a heading as headings are compared."""
    parts = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(each for each in parts if each.isascii() and each.isalnum())


def roles_of(headings: Sequence[str]) -> list[Role | None]:
    """Return what each column holds, None for those that say nothing to us."""
    names = [plain(each).removesuffix(GOOGLE).removesuffix("readonly") for each in headings]
    roles = [Role.ALIASES if _NUMBERED.fullmatch(each) else ROLES.get(each) for each in names]
    others = MICROSOFT.intersection(names)
    for place, name in enumerate(names):
        # What Exchange calls an alias is the name of a mailbox and no address.
        if name == "alias" and others:
            roles[place] = None
        roles[place] = _half_a_name(name, roles[place], roles)
    return roles


def _half_a_name(name: str, role: Role | None, roles: Sequence[Role | None]) -> Role | None:
    """Return what a column holds that is called "name" beside one with the other half of it."""
    if role is not Role.NAME:
        return role
    if name in ("name", "nom") and Role.GIVEN in roles and Role.SURNAME not in roles:
        return Role.SURNAME
    return Role.GIVEN if name == "nome" and Role.SURNAME in roles else role


def form_of(headings: Sequence[str]) -> Form:
    """Return which system writes such headings."""
    names = [plain(each) for each in headings]
    known: Set[str] = frozenset(names)
    if tuple(names[: len(OWN)]) == OWN:
        return Form.OWN
    if any(each.endswith(GOOGLE) for each in names):
        return Form.GOOGLE
    if known & DIRECTORY:
        return Form.DIRECTORY
    return Form.MICROSOFT if known & MICROSOFT else Form.NAMED
