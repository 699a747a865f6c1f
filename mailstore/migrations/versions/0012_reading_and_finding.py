"""reading and finding"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
NOT_INDEXED = sa.text('NOT indexed AND pack IS NOT NULL')
WRITTEN = sa.text('writer_id IS NOT NULL')


def number(name, default):
    return sa.Column(name, NUMBER, nullable=False, server_default=default)


def upgrade():
    # Adding by words: on SQLite a rebuilt table would take all that refers to it along.
    kind = 'INTEGER' if op.get_bind().dialect.name == 'sqlite' else 'BIGINT'
    op.execute(f'ALTER TABLE messages ADD COLUMN writer_id {kind} '
               'REFERENCES mailboxes (id)')
    op.create_index('ix_messages_sent', 'messages', ['writer_id', 'received_at', 'id'],
                    sqlite_where=WRITTEN, postgresql_where=WRITTEN)
    op.add_column('messages', sa.Column('indexed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index('ix_messages_not_indexed', 'messages', ['id'],
                    sqlite_where=NOT_INDEXED, postgresql_where=NOT_INDEXED)

    # What came before is not known to answer anything: each mail is a conversation of its own.
    op.add_column('deliveries', number('thread', '0'))
    op.execute('UPDATE deliveries SET thread = -id')
    op.create_index('ix_deliveries_thread', 'deliveries', ['mailbox_id', 'thread', 'accepted_at', 'id'])

    op.add_column('marks', sa.Column('pinned_at', mailstore.db.Utc(timezone=True), nullable=True))
    op.add_column('tenants', number('pin_days', '30'))
