"""keys of domains"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
KINDS = sa.Enum('rsa', 'ed25519', name='algorithm', native_enum=False, length=32)


def number(name):
    return sa.Column(name, NUMBER, nullable=False)


def text(name):
    return sa.Column(name, sa.String(), nullable=False)


def moment(name, *, nullable=True):
    return sa.Column(name, mailstore.db.Utc(timezone=True), nullable=nullable)


def upgrade():
    op.create_table(
        'dkim_keys',
        number('id'), number('tenant_id'), number('domain_id'),
        text('selector'), sa.Column('algorithm', KINDS, nullable=False), text('public'), text('private'),
        moment('made_at', nullable=False), moment('active_from'), moment('retired_at'),
        sa.ForeignKeyConstraint(['domain_id'], ['domains.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('domain_id', 'selector'),
    )
    op.create_index('ix_dkim_keys_tenant_id', 'dkim_keys', ['tenant_id'])
