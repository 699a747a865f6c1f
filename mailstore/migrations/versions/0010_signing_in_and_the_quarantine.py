"""signing in and the quarantine"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
RELEASING = sa.text("state = 'releasing'")
ABOUT_ONE = sa.text('mailbox_id IS NOT NULL')


def number(name, **more):
    return sa.Column(name, NUMBER, nullable=False, **more)


def words(name, **more):
    return sa.Column(name, sa.String(), nullable=False, **more)


def moment(name, *, nullable=False):
    return sa.Column(name, mailstore.db.Utc(timezone=True), nullable=nullable)


def choice(name, kind, *values):
    return sa.Column(name, sa.Enum(*values, name=kind, native_enum=False, length=32), nullable=False)


def upgrade():
    # Sessions are not carried over: everybody signs in once more.
    op.drop_table('sign_ins')
    op.create_table('sign_ins',
    number('id'), words('token_hash'), number('account_id'),
    moment('created_at'), moment('seen_at'), moment('proved_at'),
    words('agent'), words('address'), words('way'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_index('ix_sign_ins_account_id', 'sign_ins', ['account_id'])

    op.create_table('access_codes',
    number('id'), number('account_id'), choice('kind', 'codekind', 'emergency', 'recovery'),
    words('selector'), words('secret_hash'), moment('made_at'), words('made_by'),
    moment('ends_at', nullable=True), moment('used_at', nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('account_id', 'selector')
    )

    op.create_table('resets',
    number('id'), number('account_id'), sa.Column('token_hash', sa.String()),
    moment('asked_at'), moment('ends_at'), moment('try_at', nullable=True),
    moment('used_at', nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_index('ix_resets_account_id', 'resets', ['account_id'])
    op.create_index('ix_resets_try_at', 'resets', ['try_at'])

    op.create_table('bulks',
    number('id'), number('tenant_id'), sa.Column('account_id', NUMBER),
    sa.Column('mailbox_ids', sa.JSON(), nullable=False), words('by'), words('deed'),
    sa.Column('wanted', sa.JSON(), nullable=False),
    number('newest_id'), number('last_id'), number('total'), number('seen'), number('done'),
    choice('state', 'bulkstate', 'running', 'done'), moment('made_at'), moment('seen_at'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_bulks_seen_at', 'bulks', ['seen_at'])
    op.create_index('ix_bulks_tenant_id', 'bulks', ['tenant_id'])

    op.create_table('release_requests',
    number('id'), number('tenant_id'), number('mailbox_id'), number('delivery_id'),
    words('asked_by'), words('why'), moment('asked_at'),
    choice('state', 'requeststate', 'open', 'granted', 'refused'),
    words('answered_by'), words('answer'), moment('answered_at', nullable=True),
    moment('tell_at', nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailboxes.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('delivery_id')
    )
    op.create_index('ix_release_requests_list', 'release_requests', ['tenant_id', 'state', 'asked_at'])
    for each in ('mailbox_id', 'tell_at', 'tenant_id'):
        op.create_index(f'ix_release_requests_{each}', 'release_requests', [each])

    op.add_column('accounts', words('totp_secret', server_default=''))
    op.add_column('accounts', number('totp_step', server_default='0'))
    op.add_column('accounts', moment('signed_in_at', nullable=True))
    op.add_column('domains', sa.Column('imap_sign_in', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('mailboxes', words('report_at', server_default=''))
    op.create_index('ix_deliveries_releasing', 'deliveries', ['next_attempt_at'], sqlite_where=RELEASING, postgresql_where=RELEASING)
    op.create_index('ix_events_mailbox', 'events', ['mailbox_id', 'at'], sqlite_where=ABOUT_ONE, postgresql_where=ABOUT_ONE)
    op.drop_index('ix_deliveries_state', 'deliveries')
    op.create_index('ix_deliveries_state', 'deliveries', ['mailbox_id', 'state', 'accepted_at', 'id', 'mail_class', 'tenant_id'])
