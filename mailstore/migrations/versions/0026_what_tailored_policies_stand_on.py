"""what tailored policies stand on"""

import sqlalchemy as sa
from alembic import op

import mailstore.db

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

# Until now the name alone told what tailors a level, and that it was tailored on what held above.
TAILORED = "(name = 'Tailored' OR name LIKE 'Tailored for %') AND tenant_id IS NOT NULL"
OF_DOMAIN = """
    SELECT 1 FROM domains JOIN tenants ON tenants.id = domains.tenant_id
    WHERE domains.policy_id = policies.id AND policies.parent_id = tenants.policy_id
"""
OF_MAILBOX = """
    SELECT 1 FROM mailboxes
    JOIN domains ON domains.id = mailboxes.domain_id
    JOIN tenants ON tenants.id = mailboxes.tenant_id
    WHERE mailboxes.policy_id = policies.id
    AND policies.parent_id = COALESCE(domains.policy_id, tenants.policy_id)
"""


def upgrade():
    with op.batch_alter_table('policies', schema=None) as batch_op:
        batch_op.add_column(sa.Column('under', sa.Enum('above', 'chosen', name='under', native_enum=False, length=32), nullable=True))
    op.execute(f"UPDATE policies SET under = 'chosen' WHERE {TAILORED}")
    op.execute(
        "UPDATE policies SET under = 'above' WHERE under = 'chosen' "
        f"AND (EXISTS ({OF_DOMAIN}) OR EXISTS ({OF_MAILBOX}))"
    )
