/** The relay's tables, and what a push and a pull are. Running it again changes nothing. */
export const RELAY_SCHEMA = `
-- last_received_at orders the account's changes. It lives in the account's row so that a push locks it until it commits:
-- the order of commits is the order of received_at, and no cursor can pass a change that commits later.
CREATE TABLE IF NOT EXISTS tandem.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  last_received_at bigint NOT NULL
) WITH (fillfactor = 50);

-- body is the change as the client sent it, JSON text: a pull hands it out without looking inside.
-- counter is the device's own entry in the version vector.
CREATE TABLE IF NOT EXISTS tandem.changes (
  account_id bigint NOT NULL,
  received_at bigint NOT NULL,
  id text NOT NULL,
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  device_id text NOT NULL,
  counter bigint,
  body text NOT NULL,
  PRIMARY KEY (account_id, received_at),
  UNIQUE (account_id, id)
);
CREATE INDEX IF NOT EXISTS changes_of_entity
  ON tandem.changes (account_id, entity_id, device_id, entity_type, counter);

-- Stores the changes of one push, all or (on an error) none, in one round trip. Gives back the positions of those it did
-- not store: their id is known already, or their device has a change of the same entity that is as new.
CREATE OR REPLACE FUNCTION tandem.push(
  account text, ids text[], entity_types text[], entity_ids text[], devices text[], counters bigint[], bodies text[]
) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
  size int := cardinality(ids);
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
  the_account bigint;
  last bigint;
  change record;
  rejected int[] := '{}';
BEGIN
  UPDATE tandem.accounts AS a SET last_received_at = greatest(now_ms, a.last_received_at + 1) + size - 1
    WHERE a.name = account RETURNING a.id, a.last_received_at INTO the_account, last;
  IF NOT FOUND THEN
    INSERT INTO tandem.accounts AS a (name, last_received_at) VALUES (account, now_ms + size - 1)
      ON CONFLICT (name) DO UPDATE SET last_received_at = greatest(now_ms, a.last_received_at + 1) + size - 1
      RETURNING a.id, a.last_received_at INTO the_account, last;
  END IF;
  FOR change IN
    SELECT * FROM unnest(ids, entity_types, entity_ids, devices, counters, bodies)
      WITH ORDINALITY AS c (id, entity_type, entity_id, device_id, counter, body, position)
  LOOP
    INSERT INTO tandem.changes (account_id, received_at, id, entity_type, entity_id, device_id, counter, body)
      SELECT the_account, last - size + change.position, change.id, change.entity_type, change.entity_id,
             change.device_id, change.counter, change.body
      WHERE NOT EXISTS (
        SELECT FROM tandem.changes AS c
        WHERE c.account_id = the_account AND c.entity_id = change.entity_id AND c.device_id = change.device_id
          AND c.entity_type = change.entity_type AND c.counter >= change.counter
      )
      ON CONFLICT (account_id, id) DO NOTHING;
    IF NOT FOUND THEN
      rejected := rejected || change.position::int;
    END IF;
  END LOOP;
  RETURN rejected;
END $$;
`;

/** Parameters: account, ids, entity types, entity ids, devices, counters, bodies. One row, one column: positions (from 1). */
export const PUSH_SQL = 'SELECT tandem.push($1, $2, $3, $4, $5, $6, $7)';

/**
 * Parameters: account, cursor (exclusive), device, most rows. Columns: the account's last received_at, then received_at
 * and body of a change, both null when there is none. No row: the account does not exist yet.
 */
export const PULL_SQL = `
SELECT a.last_received_at, c.received_at, c.body
FROM tandem.accounts AS a
LEFT JOIN LATERAL (
  SELECT received_at, body FROM tandem.changes
  WHERE account_id = a.id AND received_at > $2 AND device_id <> $3
  ORDER BY received_at LIMIT $4
) AS c ON true
WHERE a.name = $1
ORDER BY c.received_at`;
