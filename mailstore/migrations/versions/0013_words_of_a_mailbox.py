"""words of a mailbox"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

TABLES = {
    'sqlite': "SELECT name FROM sqlite_master WHERE type = 'table'",
    'postgresql': 'SELECT tablename FROM pg_tables WHERE schemaname = current_schema()',
}


def upgrade():
    # All mail is read anew for search: whose a word is stands in the word now.
    dialect = op.get_bind().dialect.name
    for name in op.get_bind().scalars(sa.text(TABLES[dialect])).all():
        if re.fullmatch(r'search_\d{8}', name):
            op.execute(f'DROP TABLE {name}')
    op.execute('UPDATE messages SET indexed = false')

    kind = 'INTEGER' if dialect == 'sqlite' else 'BIGINT'
    op.execute(f'ALTER TABLE marks ADD COLUMN mailbox_id {kind} '
               'REFERENCES mailboxes (id)')
    op.execute('UPDATE marks SET mailbox_id = '
               '(SELECT mailbox_id FROM deliveries WHERE deliveries.id = marks.delivery_id)')
    for what in ('pinned', 'hidden'):
        given = sa.text(f'{what}_at IS NOT NULL')
        op.create_index(f'ix_marks_{what}', 'marks', ['mailbox_id'],
                        sqlite_where=given, postgresql_where=given)
