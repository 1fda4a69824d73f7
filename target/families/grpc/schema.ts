export const GRPC_SCHEMA = `
CREATE TABLE IF NOT EXISTS tandem.executions (
  kernel text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  id uuid NOT NULL,
  code text NOT NULL,
  output text NOT NULL,
  PRIMARY KEY (kernel, position)
);
`;
