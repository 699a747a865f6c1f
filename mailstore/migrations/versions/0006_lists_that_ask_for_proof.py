"""lists that ask for proof"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.add_column('sender_entries', sa.Column('proof', sa.String(), nullable=True))
    op.create_table('strict_domains',
    sa.Column('id', KEY, nullable=False),
    sa.Column('tenant_id', KEY, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('tenant_id', 'name')
    )
    with op.batch_alter_table('strict_domains', schema=None) as batch_op:
        batch_op.create_index('ix_strict_domains_tenant_id', ['tenant_id'], unique=False)
