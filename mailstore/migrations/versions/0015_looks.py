"""looks"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table('brands',
    sa.Column('tenant_id', NUMBER, autoincrement=False, nullable=False),
    sa.Column('logo', sa.LargeBinary(), nullable=True),
    sa.Column('logo_type', mailstore.db.Text(), nullable=False),
    sa.Column('logo_width', NUMBER, nullable=False),
    sa.Column('logo_height', NUMBER, nullable=False),
    sa.Column('colour', mailstore.db.Text(), nullable=False),
    sa.Column('text', mailstore.db.Text(), nullable=False),
    sa.Column('changed_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id')
    )
