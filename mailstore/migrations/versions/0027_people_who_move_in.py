"""people who move in"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('knocks',
    sa.Column('key', mailstore.db.Text(), nullable=False),
    sa.Column('tenant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('domain_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('senders', sa.JSON(), nullable=False),
    sa.Column('first_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('last_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('ignored_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['domain_id'], ['domains.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key')
    )
    with op.batch_alter_table('knocks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knocks_domain_id'), ['domain_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_knocks_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('movings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tenant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('by', mailstore.db.Text(), nullable=False),
    sa.Column('state', sa.Enum('planned', 'running', 'done', 'stopped', name='movingstate', native_enum=False, length=32), nullable=False),
    sa.Column('form', sa.Enum('own', 'bare', 'microsoft', 'google', 'directory', 'named', name='form', native_enum=False, length=32), nullable=False),
    sa.Column('file_name', mailstore.db.Text(), nullable=False),
    sa.Column('ignored', sa.JSON(), nullable=False),
    sa.Column('lines', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('content_sha256', mailstore.db.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('leaving', sa.JSON(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('added', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('aliases', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('switched_off', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unchanged', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('troubles', sa.JSON(), nullable=False),
    sa.Column('made_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('seen_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('movings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_movings_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_movings_seen_at'), ['seen_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_movings_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('welcomes',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('tenant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('try_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.Column('sent_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id')
    )
    with op.batch_alter_table('welcomes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_welcomes_tenant_id'), ['tenant_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_welcomes_try_at'), ['try_at'], unique=False)

    # Nobody knows when mail came before: ninety days of silence begin now.
    heard = datetime.now(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')
    if op.get_bind().dialect.name == 'postgresql':
        heard += '+00'
    with op.batch_alter_table('mailboxes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('heard_at', mailstore.db.Utc(timezone=True), server_default=heard, nullable=False))
