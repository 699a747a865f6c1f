"""what was learned"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table('learners',
    sa.Column('id', KEY, autoincrement=False, nullable=False),
    sa.Column('tenant_id', KEY, nullable=True),
    sa.Column('ham', KEY, nullable=False),
    sa.Column('spam', KEY, nullable=False),
    sa.Column('wrapped', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('tenant_id')
    )
    op.create_table('token_counts',
    sa.Column('learner_id', KEY, nullable=False),
    sa.Column('token', sa.BigInteger(), nullable=False),
    sa.Column('ham', KEY, nullable=False),
    sa.Column('spam', KEY, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['learner_id'], ['learners.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('learner_id', 'token'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('token_counts', schema=None) as batch_op:
        batch_op.create_index('ix_token_counts_day', ['day'], unique=False)

    op.create_table('lessons',
    sa.Column('delivery_id', KEY, nullable=False),
    sa.Column('as_spam', sa.Boolean(), nullable=False),
    sa.Column('learned_as_spam', sa.Boolean(), nullable=True),
    sa.Column('tries', KEY, nullable=False),
    sa.Column('due_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('delivery_id')
    )
    with op.batch_alter_table('lessons', schema=None) as batch_op:
        batch_op.create_index('ix_lessons_due_at', ['due_at'], unique=False)
