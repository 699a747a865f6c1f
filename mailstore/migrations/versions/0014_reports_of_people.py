"""reports of people"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ASKED = sa.text('report_asked_at IS NOT NULL')
TELLING = sa.text('tell_at IS NOT NULL')


def moment(name):
    return sa.Column(name, mailstore.db.Utc(timezone=True), nullable=True)


def words(name, default=''):
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def upgrade():
    op.add_column('tenants', sa.Column('report_guard', sa.String(32), nullable=False, server_default='guard'))
    for name in ('report_on', 'report_to'):
        op.add_column('mailboxes', words(name))
    for name in ('report_asked_at', 'report_lease_until'):
        op.add_column('mailboxes', moment(name))
    op.create_index('ix_mailboxes_report_asked', 'mailboxes', ['report_asked_at'],
                    sqlite_where=ASKED, postgresql_where=ASKED)
    op.add_column('mailbox_access', sa.Column('reports', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('deliveries', moment('tell_at'))
    op.create_index('ix_deliveries_tell', 'deliveries', ['tell_at'],
                    sqlite_where=TELLING, postgresql_where=TELLING)

    # A report is written and queued in one piece now: what was only begun is made anew.
    begun = 'FROM reports WHERE reports.mailbox_id = mailboxes.id AND sent_at IS NULL'
    op.execute(f'UPDATE mailboxes SET report_asked_at = (SELECT max(slot) {begun})')
    op.execute('DELETE FROM links WHERE report_id IN (SELECT id FROM reports WHERE sent_at IS NULL)')
    op.execute('DELETE FROM reports WHERE sent_at IS NULL')
    op.drop_index('ix_reports_try_at', 'reports')
    for name in ('try_at', 'sent_at'):
        op.execute(f'ALTER TABLE reports DROP COLUMN {name}')
    op.add_column('reports', words('public_id'))
    op.add_column('reports', moment('replaced_at'))
    op.add_column('links', moment('acted_at'))

    op.create_table('openings',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('at', mailstore.db.Utc(timezone=True), nullable=False),
    sa.Column('report_id', NUMBER, nullable=False),
    sa.Column('mailbox_id', NUMBER, nullable=False),
    sa.Column('link_id', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('agent', sa.String(), nullable=False),
    sa.Column('known', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailboxes.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['report_id'], ['reports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_openings_place', 'openings', ['place', 'at'], unique=False)
    op.create_index('ix_openings_report_id', 'openings', ['report_id'], unique=False)
