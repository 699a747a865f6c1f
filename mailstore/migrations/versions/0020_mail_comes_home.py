"""mail comes home"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def number(name):
    return sa.Column(name, NUMBER, nullable=False)


def moment(name, nullable=False):
    return sa.Column(name, mailstore.db.Utc(timezone=True), nullable=nullable)


def choice(name, kind, *values, nullable=False):
    kept = sa.Enum(*values, name=kind, native_enum=False, length=32)
    return sa.Column(name, kept, nullable=nullable)


def upgrade():
    op.create_table(
        'homecomings',
        number('id'), number('tenant_id'), number('message_id'), number('mailbox_id'),
        choice('way', 'way', 'master', 'password', 'mail', nullable=True),
        choice('state', 'homestate', 'waiting', 'done', 'given_up'),
        moment('sent_at'), moment('due_at'), moment('lease_until', nullable=True),
        number('fence'), number('attempts'),
        sa.Column('error', mailstore.db.Text(), nullable=False),
        moment('done_at', nullable=True),
        sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['mailbox_id'], ['mailboxes.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('message_id'),
    )
    for column in ('tenant_id', 'mailbox_id'):
        op.create_index(f'ix_homecomings_{column}', 'homecomings', [column])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        'ix_homecomings_due', 'homecomings', ['due_at'],
        sqlite_where=waiting, postgresql_where=waiting,
    )
