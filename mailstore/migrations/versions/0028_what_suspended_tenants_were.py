"""what suspended tenants were"""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('tenants', schema=None) as batch_op:
        batch_op.add_column(sa.Column('state_before', sa.Enum('preparing', 'live', 'suspended', name='tenantstate', native_enum=False, length=32), nullable=True))
