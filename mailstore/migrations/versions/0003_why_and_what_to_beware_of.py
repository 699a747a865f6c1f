"""why a mail got its verdict, and what to beware of"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('deliveries', sa.Column('trail', sa.JSON(), nullable=False, server_default='[]'))
    op.add_column('deliveries', sa.Column('warning', sa.String(), nullable=False, server_default=''))
