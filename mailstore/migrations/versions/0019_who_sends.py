"""who sends"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def number(name, *, null=False):
    return sa.Column(name, NUMBER, nullable=null)


def text(name):
    return sa.Column(name, mailstore.db.Text(), nullable=False)


def of(name, table):
    return sa.ForeignKeyConstraint([name], [f'{table}.id'], ondelete='CASCADE')


def upgrade():
    op.create_table(
        'credentials',
        number('id'), number('tenant_id'), number('domain_id', null=True),
        number('account_id', null=True), text('name'), text('login'), text('secret_hash'),
        sa.Column('created_at', mailstore.db.Utc(timezone=True), nullable=False),
        sa.Column('used_at', mailstore.db.Utc(timezone=True), nullable=True),
        of('tenant_id', 'tenants'), of('domain_id', 'domains'), of('account_id', 'accounts'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('secret_hash'),
    )
    for name in ('tenant_id', 'domain_id', 'account_id'):
        op.create_index(f'ix_credentials_{name}', 'credentials', [name])
    op.create_table(
        'relayers',
        number('id'), number('tenant_id'), text('network'),
        of('tenant_id', 'tenants'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('network'),
    )
    op.create_index('ix_relayers_tenant_id', 'relayers', ['tenant_id'])
