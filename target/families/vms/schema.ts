/** Running it again changes nothing. */
export const VM_SCHEMA = `
-- What a search looks at. Lines apart, so that nothing is found that goes over the end of one.
CREATE OR REPLACE FUNCTION tandem.search_text(name text, image text, tags jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN lower(concat_ws(E'\\n', name, image, (SELECT string_agg(value, E'\\n') FROM jsonb_each_text(tags))));
END $$;

-- revision counts the changes of a VM: of two events or answers about it the one with the higher revision is the newer.
CREATE TABLE IF NOT EXISTS tandem.vms (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account text NOT NULL,
  name text NOT NULL,
  cpu_cores int NOT NULL,
  memory_mb int NOT NULL,
  disk_gb int NOT NULL,
  image text NOT NULL,
  zone text NOT NULL,
  tags jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'creating' CHECK (status IN ('creating', 'stopped', 'running', 'migrating')),
  revision int NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  search_text text GENERATED ALWAYS AS (tandem.search_text(name, image, tags)) STORED
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS vms_by_created_at ON tandem.vms (account, created_at, id);
CREATE INDEX IF NOT EXISTS vms_by_name ON tandem.vms (account, name, created_at, id);
CREATE INDEX IF NOT EXISTS vms_by_cpu_cores ON tandem.vms (account, cpu_cores, created_at, id);
CREATE INDEX IF NOT EXISTS vms_by_memory_mb ON tandem.vms (account, memory_mb, created_at, id);
CREATE INDEX IF NOT EXISTS vms_by_status ON tandem.vms (account, status, created_at, id);

-- What there is of VMs: the sums of rows. Counting them for every list would cost more the more there are. Every
-- connection adds to rows of its own, so that none waits for another.
CREATE TABLE IF NOT EXISTS tandem.vm_totals (
  account text NOT NULL,
  zone text NOT NULL,
  status text NOT NULL,
  backend int NOT NULL,
  vms int NOT NULL,
  cpu_cores bigint NOT NULL,
  memory_mb bigint NOT NULL,
  disk_gb bigint NOT NULL,
  PRIMARY KEY (account, zone, status, backend)
) WITH (fillfactor = 50);

CREATE OR REPLACE FUNCTION tandem.add_to_vm_totals(vm tandem.vms, sign int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tandem.vm_totals AS t SET vms = t.vms + sign, cpu_cores = t.cpu_cores + sign * vm.cpu_cores,
      memory_mb = t.memory_mb + sign * vm.memory_mb, disk_gb = t.disk_gb + sign * vm.disk_gb
    WHERE account = vm.account AND zone = vm.zone AND status = vm.status AND backend = pg_backend_pid();
  IF NOT FOUND THEN
    INSERT INTO tandem.vm_totals (account, zone, status, backend, vms, cpu_cores, memory_mb, disk_gb)
    VALUES (vm.account, vm.zone, vm.status, pg_backend_pid(),
      sign, sign * vm.cpu_cores, sign * vm.memory_mb, sign * vm.disk_gb);
  END IF;
END $$;
CREATE OR REPLACE FUNCTION tandem.count_vm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM tandem.add_to_vm_totals(OLD, -1); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM tandem.add_to_vm_totals(NEW, 1); END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER count_vm
  AFTER INSERT OR DELETE OR UPDATE OF zone, status, cpu_cores, memory_mb, disk_gb ON tandem.vms
  FOR EACH ROW EXECUTE FUNCTION tandem.count_vm();

-- Counted anew at every start: the rows of connections that are gone do not pile up.
LOCK TABLE tandem.vms IN SHARE MODE;
DELETE FROM tandem.vm_totals;
INSERT INTO tandem.vm_totals (account, zone, status, backend, vms, cpu_cores, memory_mb, disk_gb)
  SELECT account, zone, status, 0, count(*), sum(cpu_cores), sum(memory_mb), sum(disk_gb)
  FROM tandem.vms GROUP BY account, zone, status;
`;
