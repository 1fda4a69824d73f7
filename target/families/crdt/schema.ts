/** Running it again changes nothing. */
export const YJS_SCHEMA = `
-- What a Yjs room consists of. Merging is commutative, so the order of the rows means nothing.
CREATE TABLE IF NOT EXISTS tandem.yjs_updates (
  account text NOT NULL,
  room text NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  update bytea NOT NULL,
  PRIMARY KEY (account, room, id)
);
`;
