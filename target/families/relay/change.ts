import { ApiError, invalid } from '../../core/api-error.ts';
import { count, type JsonObject, object, oneOf, text } from '../../core/fields.ts';

/** Changes of one push, as the columns that `tandem.push` takes. */
export interface ChangeColumns {
  ids: string[];
  entityTypes: string[];
  entityIds: string[];
  devices: string[];
  /** The device's own entry in the version vector; null when it has none, which says nothing about its order. */
  counters: (number | null)[];
  bodies: string[];
}

export interface Push {
  device: string;
  changes: ChangeColumns;
}

export interface Pull {
  device: string;
  /** Cursor, exclusive. */
  since: number;
}

export const PROTOCOL_VERSION = '1.0.0';
export const MAX_CHANGES = 1_000;
const ENTITY_TYPES = ['transaction', 'account', 'invoice'];
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Reads a push. @throws {ApiError} 400 naming the field, or 413. */
export function parsePush(value: unknown): Push {
  const body = envelope(value);
  const device = text(body.device_id, 'device_id');
  count(body.timestamp, 'timestamp');
  if (!Array.isArray(body.changes)) throw invalid('changes must be a list.');
  if (body.changes.length > MAX_CHANGES) {
    const message = `changes has ${body.changes.length} entries; at most ${MAX_CHANGES} are allowed.`;
    throw new ApiError(413, 'PAYLOAD_TOO_LARGE', message);
  }
  const changes: ChangeColumns = { ids: [], entityTypes: [], entityIds: [], devices: [], counters: [], bodies: [] };
  body.changes.forEach((change: unknown, index) => {
    addChange(changes, change, `changes[${index}]`, device);
  });
  return { device, changes };
}

/** Reads a pull. @throws {ApiError} 400 naming the field. */
export function parsePull(value: unknown): Pull {
  const body = envelope(value);
  const device = text(body.device_id, 'device_id');
  const since = count(body.since_timestamp, 'since_timestamp');
  object(body.sync_vector, 'sync_vector');
  return { device, since };
}

function envelope(value: unknown): JsonObject {
  const body = object(value, 'The body');
  const version = text(body.protocol_version, 'protocol_version');
  if (version !== PROTOCOL_VERSION) {
    const message = `protocol_version ${JSON.stringify(version)} is not supported; this server speaks ${PROTOCOL_VERSION}.`;
    throw new ApiError(400, 'PROTOCOL_MISMATCH', message);
  }
  return body;
}

function addChange(columns: ChangeColumns, value: unknown, at: string, pushDevice: string): void {
  const change = object(value, at);
  const device = change.device_id === undefined ? pushDevice : text(change.device_id, `${at}.device_id`);
  columns.ids.push(text(change.id, `${at}.id`));
  columns.entityTypes.push(oneOf(change.entity_type, `${at}.entity_type`, ENTITY_TYPES));
  columns.entityIds.push(text(change.entity_id, `${at}.entity_id`));
  oneOf(change.operation, `${at}.operation`, OPERATIONS);
  if (typeof change.encrypted_payload !== 'string' || !BASE64.test(change.encrypted_payload)) {
    throw invalid(`${at}.encrypted_payload must be base64.`);
  }
  const vector = object(change.version_vector, `${at}.version_vector`);
  for (const key in vector) count(vector[key], `${at}.version_vector[${JSON.stringify(key)}]`);
  count(change.timestamp, `${at}.timestamp`);
  columns.devices.push(device);
  columns.counters.push(Object.hasOwn(vector, device) ? (vector[device] as number) : null);
  columns.bodies.push(JSON.stringify({ ...change, device_id: device }));
}
