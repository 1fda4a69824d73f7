/**
 * What every family needs: a schema of their own, so that a database of the user's (`DATABASE_URL`) stays as it is, and who may
 * come in. Running it again changes nothing.
 */
export const CORE_SCHEMA = `
SELECT pg_advisory_xact_lock(hashtext('tandem schema'));
SET LOCAL client_min_messages = warning;
-- A database that forgets what it was told last has its tables all the same.
SET LOCAL synchronous_commit = on;
CREATE SCHEMA IF NOT EXISTS tandem;

CREATE TABLE IF NOT EXISTS tandem.users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  password text NOT NULL,
  organization_id uuid NOT NULL DEFAULT gen_random_uuid(),
  organization_name text NOT NULL,
  role text NOT NULL DEFAULT 'owner'
);

CREATE TABLE IF NOT EXISTS tandem.sessions (
  access_hash text PRIMARY KEY,
  refresh_hash text NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES tandem.users ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
`;
