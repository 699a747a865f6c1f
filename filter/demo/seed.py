"""The demo's customers and people."""

from dataclasses import dataclass

from mailstore import accounts, onboarding, passwords, people
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.domains import Takes
from mailstore.store import Store

BY = "demo"
# What the app of the demo's administrators has; the page that asks for a code shows one.
APP = "MAILHAFENDEMOMAILHAFENDEMOABCDEF"
PASSWORD = "hafen-demo-2026"  # noqa: S105 (of the demo, on loopback, and printed)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo."""

    name: str
    address: str
    aliases: tuple[str, ...] = ()
    role: Role = Role.USER
    private: str = ""


TENANTS: dict[tuple[str, str], tuple[Person, ...]] = {
    ("Muster AG", "muster.example"): (
        Person(
            "Regula Ammann",
            "regula.ammann@muster.example",
            ("chefin",),
            Role.ADMIN,
            "regula@privat.example",
        ),
        Person(
            "Anna Keller",
            "anna.keller@muster.example",
            ("anna", "offerten"),
            private="anna@privat.example",
        ),
        Person("Beat Frei", "beat.frei@muster.example", ("beat", "werkstatt")),
        Person("Chiara Rossi", "chiara.rossi@muster.example", ("chiara",)),
    ),
    ("Hafenbau Genossenschaft", "hafenbau.example"): (
        Person("Daniel Favre", "daniel.favre@hafenbau.example", ("daniel", "info")),
    ),
}
ANSWERING = ("451", "550", "slow")
ANNA = "anna.keller@muster.example"


def seed(store: Store, next_hop: str) -> None:
    """Add tenants, mailboxes, aliases and accounts."""
    hashed = passwords.hash_password(PASSWORD)
    with store.write() as db:
        for (name, domain_name), persons in TENANTS.items():
            tenant = onboarding.add_tenant(db, name, by=BY)
            domain = onboarding.add_domain(db, tenant, domain_name, next_hop, Takes.KNOWN, by=BY)
            answering = [Person("", f"{local}@{domain_name}") for local in ANSWERING]
            for person in (*persons, *answering):
                address = Address.parse(person.address)
                mailbox = onboarding.add_mailbox(
                    db, tenant, domain, address, name=person.name, by=BY
                )
                for alias in person.aliases:
                    onboarding.add_alias(db, mailbox, Address(alias, domain_name), by=BY)
                if person.name:
                    account = accounts.add_account(db, address, person.role, hashed, by=BY)
                    if account.role is not Role.USER:
                        account.totp_secret = store.ring.wrap(APP.encode())
                    people.set_private_address(db, account, person.private, by=BY)
