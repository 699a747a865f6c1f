"""silent scanners"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('silent_scanners',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('since', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
