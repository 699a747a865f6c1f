"""seals"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('domains', sa.Column('arc_seal', sa.Boolean(), nullable=False, server_default=sa.false()))
