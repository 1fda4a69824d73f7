/** The tables of the studio; part of the schema `tandem`. Running it again changes nothing. */
export const STUDIO_SCHEMA = `
CREATE TABLE IF NOT EXISTS tandem.agents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL,
  workspace_id text NOT NULL,
  name text NOT NULL,
  agent_type text NOT NULL CHECK (agent_type IN ('chat', 'task', 'pipeline', 'custom')),
  model_id text NOT NULL,
  description text NOT NULL,
  system_prompt text NOT NULL,
  temperature double precision NOT NULL,
  max_tokens int NOT NULL,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS agents_by_created_at ON tandem.agents (organization_id, created_at, id);

-- A graph is saved and read as a whole.
CREATE TABLE IF NOT EXISTS tandem.pipelines (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL,
  workspace_id text NOT NULL,
  name text NOT NULL,
  pattern text NOT NULL CHECK (pattern IN ('sequential', 'parallel', 'router', 'supervisor', 'ensemble')),
  description text NOT NULL,
  status text NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
  nodes jsonb NOT NULL DEFAULT '[]',
  connections jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS pipelines_by_created_at ON tandem.pipelines (organization_id, created_at, id);

-- How far a deployment is, its age says: no process has to go on with it.
CREATE TABLE IF NOT EXISTS tandem.deployments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL,
  agent_id uuid NOT NULL REFERENCES tandem.agents ON DELETE CASCADE,
  agent_version_id text,
  gateway_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  stopped_at timestamptz
);
CREATE INDEX IF NOT EXISTS deployments_by_created_at ON tandem.deployments (organization_id, created_at, id);
CREATE INDEX IF NOT EXISTS deployments_of_agent ON tandem.deployments (agent_id, created_at, id);
`;
