"""room for large numbers, and the keys between tables that only SQLite had"""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# SQLite keeps numbers of any size, and made all keys with the tables.
WIDENED = {
    'deliveries': ('resend_of', 'attempts', 'fence'),
    'events': ('tenant_id', 'mailbox_id', 'delivery_id'),
    'figures': ('domain_id', 'count'),
    'lanes': ('port', 'failures', 'fence'),
    'links': ('opens',),
    'messages': ('attachments', 'size', 'offset', 'length'),
    'reports': ('code_tries',),
    'sender_entries': ('delivery_id',),
    'tenants': ('keep_days', 'held_days'),
}


def upgrade():
    if op.get_context().dialect.name != 'postgresql':
        return
    for table, columns in WIDENED.items():
        changes = ', '.join(f'ALTER COLUMN "{column}" TYPE BIGINT' for column in columns)
        op.execute(f'ALTER TABLE {table} {changes}')
    op.create_foreign_key(
        'fk_domains_catch_all', 'domains', 'mailboxes', ['catch_all_id'], ['id']
    )
    op.create_foreign_key(
        'fk_policies_tenant', 'policies', 'tenants', ['tenant_id'], ['id'], ondelete='CASCADE'
    )
