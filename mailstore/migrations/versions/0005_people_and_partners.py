"""people and partners"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    _make('protected_people', 'name', 'address')
    _make('partner_domains', 'name')
    op.create_index('ix_messages_author', 'messages', ['tenant_id', 'author'])
    op.create_index('ix_accounts_tenant_id', 'accounts', ['tenant_id'])


def _make(table, *names):
    op.create_table(
        table,
        sa.Column('id', KEY, nullable=False),
        sa.Column('tenant_id', KEY, nullable=False),
        *(sa.Column(name, mailstore.db.Text(), nullable=False) for name in names),
        sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('tenant_id', *names),
    )
    op.create_index(f'ix_{table}_tenant_id', table, ['tenant_id'])
