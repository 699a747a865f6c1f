"""reports of domains"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def text(name):
    return sa.Column(name, sa.String(), nullable=False)


def choice(name, kind):
    return sa.Column(name, sa.Enum(*kind, name=name, native_enum=False, length=32), nullable=False)


def upgrade():
    op.add_column('figures', sa.Column('size', NUMBER, nullable=False, server_default='0'))
    op.create_index('ix_figures_domain', 'figures', ['domain_id', 'hour'])

    op.create_table(
        'report_subscriptions',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('tenant_id', NUMBER, nullable=False),
        choice('kind', ('overview', 'statistics')),
        sa.Column('domain_ids', sa.JSON(), nullable=False),
        choice('period', ('daily', 'weekly', 'monthly')),
        text('at'), text('language'), text('address'),
        sa.Column('detailed', sa.Boolean(), nullable=False),
        text('created_by'),
        sa.Column('created_at', mailstore.db.Utc(timezone=True), nullable=False),
        sa.Column('due_at', mailstore.db.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
    )
    for column in ('tenant_id', 'due_at'):
        op.create_index(f'ix_report_subscriptions_{column}', 'report_subscriptions', [column])
