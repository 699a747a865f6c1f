"""lanes by route, outages and notices"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('dead_letters',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('ids', sa.String(), nullable=False),
    sa.Column('tries', number, nullable=False),
    sa.Column('try_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'ids')
    )
    op.create_table('pulse',
    sa.Column('id', number, autoincrement=False, nullable=False),
    sa.Column('at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('settled_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('incidents',
    sa.Column('id', number, nullable=False),
    sa.Column('kind', sa.Enum('outage', 'disk', 'scanner', 'certificate', 'queue', 'clock', 'job', name='incidentkind', native_enum=False, length=32), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('lane_id', number, nullable=True),
    sa.Column('detail', sa.String(), nullable=False),
    sa.Column('began_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('ended_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.Column('told', sa.Enum('nothing', 'began', 'over', name='told', native_enum=False, length=32), nullable=False),
    sa.ForeignKeyConstraint(['lane_id'], ['lanes.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_incidents_lane', 'incidents', ['lane_id', 'began_at'], unique=False)
    op.create_index('ix_incidents_open', 'incidents', ['kind', 'subject'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_incidents_told', 'incidents', ['told', 'ended_at'], unique=False)

    op.create_table('notices',
    sa.Column('id', number, nullable=False),
    sa.Column('incident_id', number, nullable=False),
    sa.Column('news', sa.Enum('nothing', 'began', 'over', name='told', native_enum=False, length=32), nullable=False),
    sa.Column('way', sa.Enum('mail', 'webhook', name='way', native_enum=False, length=32), nullable=False),
    sa.Column('audience', sa.Enum('person', 'admin', 'operator', name='audience', native_enum=False, length=32), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('tenant_id', number, nullable=True),
    sa.Column('account_id', number, nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('made_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('try_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.Column('attempts', number, nullable=False),
    sa.Column('sent_at', mailstore.db.Utc(timezone=True), nullable=True),
    sa.Column('reply', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['incident_id'], ['incidents.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('incident_id', 'news', 'way', 'target', 'tenant_id')
    )
    op.create_index('ix_notices_try_at', 'notices', ['try_at'], unique=False)

    op.create_table('restores',
    sa.Column('id', number, nullable=False),
    sa.Column('tenant_id', number, nullable=False),
    sa.Column('mailbox_id', number, nullable=False),
    sa.Column('folder', sa.String(), nullable=False),
    sa.Column('waiting', sa.JSON(), nullable=False),
    sa.Column('total', number, nullable=False),
    sa.Column('done', number, nullable=False),
    sa.Column('state', sa.Enum('running', 'done', 'stopped', name='restorestate', native_enum=False, length=32), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('made_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('seen_at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailboxes.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_restores_mailbox_id', 'restores', ['mailbox_id'], unique=False)
    op.create_index('ix_restores_tenant_id', 'restores', ['tenant_id'], unique=False)
    op.add_column('accounts', sa.Column('private_address', sa.String(), nullable=False, server_default=''))
    op.add_column('deliveries', sa.Column('delay_told', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('deliveries', sa.Column('dsn_at', mailstore.db.Utc(timezone=True), nullable=True))
    op.create_index('ix_deliveries_dsn', 'deliveries', ['dsn_at'], unique=False, sqlite_where=sa.text('dsn_at IS NOT NULL'), postgresql_where=sa.text('dsn_at IS NOT NULL'))
    op.add_column('domains', sa.Column('held_until', mailstore.db.Utc(timezone=True), nullable=True))
    op.create_index('ix_domains_held_until', 'domains', ['held_until'], unique=False)
    for name in ('imap_server', 'imap_master', 'imap_secret'):
        op.add_column('domains', sa.Column(name, sa.String(), nullable=False, server_default=''))
    op.add_column('domains', sa.Column('imap_trusted', sa.Boolean(), nullable=False, server_default=sa.true()))
    for name in ('webhook_url', 'webhook_secret'):
        op.add_column('tenants', sa.Column(name, sa.String(), nullable=False, server_default=''))
    for name in ('failing_since', 'answers_since', 'try_at'):
        op.add_column('lanes', sa.Column(name, mailstore.db.Utc(timezone=True), nullable=True))
    op.add_column('lanes', sa.Column('good_probes', number, nullable=False, server_default='0'))
    # Renamed and not dropped: SQLite keeps a column that a constraint names.
    op.execute('ALTER TABLE lanes RENAME COLUMN host TO route')
    op.execute('ALTER TABLE lanes RENAME COLUMN port TO named_by')
    op.execute("UPDATE lanes SET route = '[' || route || ']' WHERE route LIKE '%:%'")
    op.execute("UPDATE lanes SET route = route || ':' || named_by")
    op.execute('UPDATE lanes SET named_by = 0, failing_since = down_since, try_at = probe_at')
