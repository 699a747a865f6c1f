"""Files of people as other systems write them, with Anna, her alias, and the mailbox of a role."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

OWN = "name,address,aliases,kind\nAnna Keller,anna@muster.example,ak@muster.example,person\n" + (
    "Info,info@muster.example,,shared\n"
)
BARE = "Keller;Anna;anna@muster.example;ak@muster.example\n"
EXCHANGE = (
    '#TYPE Selected\n"DisplayName","Alias","PrimarySmtpAddress","EmailAddresses",'
    '"RecipientTypeDetails"\n'
    '"Anna Keller","anna","anna@muster.example","SMTP:anna@muster.example smtp:ak@muster.example '
    'SIP:anna@muster.example X500:/o=Muster","UserMailbox"\n'
    '"Info","info","info@muster.example","SMTP:info@muster.example","SharedMailbox"\n'
    '"Discovery","d","d@muster.example","SMTP:d@muster.example","DiscoveryMailbox"\n'
)
MICROSOFT = (
    "Display name,User principal name,Proxy addresses,Block credential,Licenses\n"
    "Anna Keller,anna@muster.example,smtp:ak@muster.example+SMTP:anna@muster.example,False,E3\n"
)
GOOGLE = (
    "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
    "Recovery Email,Email Aliases\n"
    'Anna,Keller,anna@muster.example,****,anna@private.example,"ak@muster.example"\n'
)
DIRECTORY = (
    "DN,sn,givenName,mail,proxyAddresses,userAccountControl\n"
    '"CN=Anna,DC=muster",Keller,Anna,anna@muster.example,'
    "SMTP:anna@muster.example;smtp:ak@muster.example,512\n"
)
GERMAN = "Name;Vorname;Strasse;E-Mail-Adresse;Weitere Adressen\n" + (
    "Keller;Anna;Weg 1;anna@muster.example;ak@muster.example\n"
)
FRENCH = "Nom;Prénom;Adresse e-mail;Alias1\nKeller;Anna;anna@muster.example;ak@muster.example\n"
ITALIAN = "Nome\tCognome\tIndirizzo e-mail\tAltri indirizzi\n" + (
    "Anna\tKeller\tanna@muster.example\tak@muster.example\n"
)


def a_workbook(*rows: Sequence[Any]) -> bytes:
    """Return a workbook whose first sheet is empty and whose second has some rows."""
    book, out = Workbook(), io.BytesIO()
    sheet = book.create_sheet("People")
    for row in rows:
        sheet.append(row)
    book.save(out)
    return out.getvalue()


def with_member(raw: bytes, name: str, content: bytes) -> bytes:
    """Return a workbook with one of its files replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.infolist():
            new.writestr(each.filename, content if each.filename == name else old.read(each))
    return out.getvalue()
