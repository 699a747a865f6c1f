"""how safe mail goes to strangers"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def text(name):
    return sa.Column(name, mailstore.db.Text(), nullable=False)


def choice(name, kind):
    return sa.Column(name, sa.Enum(*kind, name=name, native_enum=False, length=32), nullable=False)


def moment(name):
    return sa.Column(name, mailstore.db.Utc(timezone=True), nullable=False)


def upgrade():
    op.create_table(
        'sts_policies',
        text('domain'), text('version'),
        choice('mode', ('enforce', 'testing', 'none')),
        sa.Column('patterns', sa.JSON(), nullable=False),
        moment('fetched_at'), moment('ends_at'),
        sa.PrimaryKeyConstraint('domain'),
    )
    op.create_table(
        'tls_policies',
        text('domain'),
        choice('tls', ('may', 'must', 'pin')),
        text('pin'),
        sa.PrimaryKeyConstraint('domain'),
    )
