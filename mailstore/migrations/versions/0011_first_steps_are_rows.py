"""first steps are rows"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('sign_ins', sa.Column('halfway', sa.Boolean(), server_default=sa.false(), nullable=False))
