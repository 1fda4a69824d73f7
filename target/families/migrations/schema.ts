/** Running it again changes nothing. */
export const MIGRATION_SCHEMA = `
-- Phases begin when they are planned to, so that the progress of a job can be told from the clock alone.
CREATE TABLE IF NOT EXISTS tandem.migrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account text NOT NULL,
  vm_id uuid NOT NULL,
  source_zone text NOT NULL,
  target_zone text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'failed')),
  phase text NOT NULL DEFAULT 'pending'
    CHECK (phase IN ('pending', 'pre-copy', 'stop-and-copy', 'switch-over', 'done')),
  data_loss boolean NOT NULL DEFAULT false,
  bandwidth_mbps double precision NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  bytes_total bigint NOT NULL,
  planned_ms double precision NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  -- When the VM stopped answering, which it does again at the end.
  paused_at timestamptz,
  completed_at timestamptz,
  error text
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS migrations_of_account ON tandem.migrations (account, created_at DESC, id);
CREATE INDEX IF NOT EXISTS migrations_of_vm ON tandem.migrations (vm_id, created_at DESC);
-- Never two at once on one VM.
CREATE UNIQUE INDEX IF NOT EXISTS migration_under_way
  ON tandem.migrations (vm_id) WHERE status IN ('pending', 'in_progress');
`;
