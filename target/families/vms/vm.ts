import { invalid } from '../../core/api-error.ts';
import { type JsonObject, object, oneOf, text, wholeNumber } from '../../core/fields.ts';

export type VmStatus = 'creating' | 'stopped' | 'running' | 'migrating';

/** A VM as it is stored, and as it travels. */
export interface Vm {
  id: string;
  name: string;
  cpu_cores: number;
  memory_mb: number;
  disk_gb: number;
  image: string;
  zone: string;
  tags: Record<string, string>;
  status: VmStatus;
  /** Grows by one with every change. */
  revision: number;
  created_at: Date;
  updated_at: Date;
}

export type NewVm = Pick<Vm, 'name' | 'cpu_cores' | 'memory_mb' | 'disk_gb' | 'image' | 'zone' | 'tags'>;
export type VmChanges = Partial<Pick<Vm, 'name' | 'cpu_cores' | 'memory_mb' | 'tags'>>;

/** What is to be done to a VM. */
export type Operation =
  | { action: 'create'; data: NewVm }
  | { action: 'update'; id: string; data: VmChanges }
  | { action: 'delete' | 'start' | 'stop'; id: string };

/** Which VMs of an account are asked for. */
export interface VmQuery {
  limit: number;
  offset: number;
  zone: string | undefined;
  status: VmStatus | undefined;
  sort: (typeof SORTS)[number];
  order: (typeof ORDERS)[number];
  include: readonly (typeof INCLUDES)[number][];
}

export const ZONES: readonly string[] = ['us-west-1', 'us-east-1', 'eu-west-1'];
export const STATUSES: readonly VmStatus[] = ['creating', 'stopped', 'running', 'migrating'];
const SORTS = ['name', 'created_at', 'cpu_cores', 'memory_mb', 'status'] as const;
const ORDERS = ['asc', 'desc'] as const;
const INCLUDES = ['metrics', 'migrations'] as const;
const ACTIONS = ['create', 'delete', 'start', 'stop', 'update'] as const;

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
const MAX_OFFSET = 1_000_000;
const MAX_CPU_CORES = 256;
const MAX_MEMORY_MB = 1_048_576;
const MAX_DISK_GB = 65_536;
const MAX_TAGS = 50;
const MAX_OPERATIONS = 100;

/** Reads what is to be created. `at` goes before the names of fields. @throws {ApiError} 400 naming the field. */
export function parseNewVm(value: unknown, at = ''): NewVm {
  const vm = object(value, at ? at.slice(0, -1) : 'The body');
  return {
    name: text(vm.name, `${at}name`),
    cpu_cores: wholeNumber(vm.cpu_cores, `${at}cpu_cores`, 1, MAX_CPU_CORES),
    memory_mb: wholeNumber(vm.memory_mb, `${at}memory_mb`, 1, MAX_MEMORY_MB),
    disk_gb: wholeNumber(vm.disk_gb, `${at}disk_gb`, 1, MAX_DISK_GB),
    image: text(vm.image, `${at}image`),
    zone: oneOf(vm.zone, `${at}zone`, ZONES),
    tags: vm.tags === undefined ? {} : tags(vm.tags, `${at}tags`),
  };
}

/** Reads what is to be changed; what cannot be is passed over. @throws {ApiError} 400 naming the field. */
export function parseChanges(value: unknown, at = ''): VmChanges {
  const body = at ? at.slice(0, -1) : 'The body';
  const vm = object(value, body);
  const changes: VmChanges = {};
  if (vm.name !== undefined) changes.name = text(vm.name, `${at}name`);
  if (vm.cpu_cores !== undefined) changes.cpu_cores = wholeNumber(vm.cpu_cores, `${at}cpu_cores`, 1, MAX_CPU_CORES);
  if (vm.memory_mb !== undefined) changes.memory_mb = wholeNumber(vm.memory_mb, `${at}memory_mb`, 1, MAX_MEMORY_MB);
  if (vm.tags !== undefined) changes.tags = tags(vm.tags, `${at}tags`);
  if (Object.keys(changes).length === 0) throw invalid(`${body} must have one of name, cpu_cores, memory_mb, tags.`);
  return changes;
}

/** Reads the query string of a list. @throws {ApiError} 400 naming the parameter. */
export function parseQuery(query: JsonObject): VmQuery {
  return {
    limit: parseLimit(query.limit),
    offset: numeral(query.offset, 'offset', 0, MAX_OFFSET, 0),
    zone: query.zone === undefined ? undefined : oneOf(query.zone, 'zone', ZONES),
    status: query.status === undefined ? undefined : oneOf(query.status, 'status', STATUSES),
    sort: query.sort === undefined ? 'created_at' : oneOf(query.sort, 'sort', SORTS),
    order: query.order === undefined ? 'desc' : oneOf(query.order, 'order', ORDERS),
    include: query.include === undefined ? [] : includes(String(query.include)),
  };
}

/** Reads the query string of a search. @throws {ApiError} 400 naming the parameter. */
export function parseSearch({ q, limit }: JsonObject): { words: string; limit: number } {
  return { words: text(q, 'q'), limit: parseLimit(limit) };
}

/** Reads a batch. @throws {ApiError} 400 naming the field. */
export function parseBatch(value: unknown): Operation[] {
  const { operations } = object(value, 'The body');
  if (!Array.isArray(operations) || operations.length < 1 || operations.length > MAX_OPERATIONS) {
    throw invalid(`operations must be a list of 1 to ${MAX_OPERATIONS} entries.`);
  }
  return operations.map((operation: unknown, index) => parseOperation(operation, `operations[${index}]`));
}

function parseOperation(value: unknown, at: string): Operation {
  const { action: wanted, id, data } = object(value, at);
  const action = oneOf(wanted, `${at}.action`, ACTIONS);
  switch (action) {
    case 'create':
      return { action, data: parseNewVm(data, `${at}.data.`) };
    case 'update':
      return { action, id: text(id, `${at}.id`), data: parseChanges(data, `${at}.data.`) };
    default:
      return { action, id: text(id, `${at}.id`) };
  }
}

function parseLimit(value: unknown): number {
  return numeral(value, 'limit', 1, MAX_LIMIT, DEFAULT_LIMIT);
}

/** A number in a query string. */
function numeral(value: unknown, field: string, min: number, max: number, none: number): number {
  if (value === undefined) return none;
  return wholeNumber(/^\d{1,9}$/.test(String(value)) ? Number(value) : value, field, min, max);
}

function includes(list: string): (typeof INCLUDES)[number][] {
  return list.split(',').map((each) => oneOf(each, 'include', INCLUDES));
}

function tags(value: unknown, field: string): Record<string, string> {
  const entries = Object.entries(object(value, field));
  if (entries.length > MAX_TAGS)
    throw invalid(`${field} has ${entries.length} entries; at most ${MAX_TAGS} are allowed.`);
  return Object.fromEntries(
    entries.map(([key, tag]) => [text(key, `a key of ${field}`), text(tag, `${field}[${JSON.stringify(key)}]`)]),
  );
}
