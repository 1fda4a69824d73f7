import type { PackageDefinition } from '@grpc/proto-loader';
import { allowed } from '../../support/test.ts';
import { WrongOption } from './definitions.ts';

/** A DescriptorProto, as `@grpc/proto-loader` gives it. */
interface Descriptor {
  name: string;
  field?: Field[];
  nestedType?: Descriptor[];
  enumType?: EnumDescriptor[];
  options?: { mapEntry?: boolean } | null;
}

interface Field {
  name: string;
  type: string;
  label: string;
  /** Of a message or an enum; without what it shares with the message it stands in. */
  typeName: string;
}

interface EnumDescriptor {
  name: string;
  value: { name: string }[];
}

/** What a value of a kind has to be; protobufjs would take others for 0, `true` or a text, in silence. */
interface Kind {
  help: string;
  isOne(value: unknown): boolean;
}

const whole = (bits: number, isSigned: boolean): Kind => {
  const [least, end] = isSigned ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1)] : [0n, 2n ** BigInt(bits)];
  return {
    help: `a whole number of ${bits} bits${isSigned ? '' : ', and not below 0'}${bits === 64 ? ', as a text beyond 2^53' : ''}`,
    isOne: (value) => {
      if (!(Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value)))) return false;
      const number = BigInt(value as number | string);
      return number >= least && number < end;
    },
  };
};

const fraction: Kind = {
  help: 'a number, or "NaN", "Infinity" or "-Infinity"',
  isOne: (value) =>
    typeof value === 'number' ||
    value === 'NaN' ||
    (typeof value === 'string' && /^-?(\d+(\.\d+)?|Infinity)$/.test(value)),
};

const kinds: Record<string, Kind> = {
  ...Object.fromEntries(['INT32', 'SINT32', 'SFIXED32'].map((name) => [`TYPE_${name}`, whole(32, true)])),
  ...Object.fromEntries(['UINT32', 'FIXED32'].map((name) => [`TYPE_${name}`, whole(32, false)])),
  ...Object.fromEntries(['INT64', 'SINT64', 'SFIXED64'].map((name) => [`TYPE_${name}`, whole(64, true)])),
  ...Object.fromEntries(['UINT64', 'FIXED64'].map((name) => [`TYPE_${name}`, whole(64, false)])),
  TYPE_DOUBLE: fraction,
  TYPE_FLOAT: fraction,
  TYPE_BOOL: { help: 'true or false', isOne: (value) => typeof value === 'boolean' },
  TYPE_STRING: { help: 'a text', isOne: (value) => typeof value === 'string' },
  TYPE_BYTES: { help: 'a text in base64', isOne: isBase64 },
};

/** With or without what fills it up: both are read. */
export function isBase64(value: unknown): boolean {
  const [, own] = typeof value === 'string' ? (/^([A-Za-z\d+/]*)={0,2}$/.exec(value) ?? []) : [];
  return own !== undefined && own.length % 4 !== 1;
}

/**
 * Sees to it that a message says nothing that its type has no place for: it would be left out, or taken for something else, in silence.
 * @param mapsAreLists as they are by definitions that a server told
 * @throws WrongOption
 */
export function checkMessage(
  message: object,
  { type }: { type: object },
  definitions: PackageDefinition,
  mapsAreLists = false,
): void {
  const check = (message: object, scope: Descriptor[], path: string): void => {
    const { name: typeName, field = [] } = scope[0]!;
    for (const [key, value] of Object.entries(message)) {
      const place = path === '' ? key : `${path}.${key}`;
      const found = field.find(({ name }) => name === key);
      if (!found) {
        const names = field.map(({ name }) => name);
        const choice = names.length > 0 ? allowed(key, names) : 'it has none';
        throw new WrongOption('request', `has "${place}", which is no field of ${typeName}; ${choice}`);
      }
      // As if it were not there.
      if (value === null) continue;
      checkField(value, found, scope, place);
    }
  };
  const checkField = (value: unknown, field: Field, scope: Descriptor[], place: string): void => {
    const inner = field.typeName === '' ? undefined : typeNamed(field.typeName, scope, definitions);
    const entry = inner && 'options' in inner[0] && inner[0].options?.mapEntry === true ? inner : undefined;
    if (entry && !mapsAreLists) {
      if (!isObject(value)) wrong(place, 'an object');
      const ofValue = (entry[0] as Descriptor).field!.find(({ name }) => name === 'value')!;
      for (const [key, one] of Object.entries(value as object))
        checkOne(one, ofValue, typeNamed(ofValue.typeName, entry as Descriptor[], definitions), `${place}.${key}`);
      return;
    }
    if (field.label !== 'LABEL_REPEATED') {
      checkOne(value, field, inner, place);
      return;
    }
    if (!Array.isArray(value)) {
      wrong(
        place,
        entry
          ? 'a list of {"key": …, "value": …}, which a map is by definitions that the server tells, or an object by .proto files'
          : 'a list',
      );
    }
    for (const [index, one] of (value as unknown[]).entries()) checkOne(one, field, inner, `${place}.${index}`);
  };
  const checkOne = (value: unknown, { type }: Field, inner: ReturnType<typeof typeNamed>, place: string): void => {
    if (type === 'TYPE_ENUM') {
      const names = (inner?.[0] as EnumDescriptor | undefined)?.value.map(({ name }) => name);
      if (names && !Number.isInteger(value) && !names.includes(value as string))
        wrong(place, `one of ${names.join(', ')}`);
    } else if (type === 'TYPE_MESSAGE' || type === 'TYPE_GROUP') {
      if (!isObject(value)) wrong(place, 'an object');
      if (inner) check(value as object, inner as Descriptor[], place);
    } else if (kinds[type] && !kinds[type].isOne(value)) wrong(place, kinds[type].help);
  };
  check(message, [type as Descriptor], '');
}

function wrong(place: string, help: string): never {
  throw new WrongOption('request', `has "${place}", which is not as it has to be; allowed is ${help}`);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A message or an enum, and the messages that it stands in, from the inside out; undefined when it is not found, or several are.
 * @param scope where its name stands
 */
function typeNamed(
  typeName: string,
  scope: Descriptor[],
  definitions: PackageDefinition,
): [Descriptor | EnumDescriptor, ...Descriptor[]] | undefined {
  const parts = typeName.replace(/^\./, '').split('.');
  for (let i = 0; i < scope.length; i += 1) {
    const found = within(scope.slice(i), parts);
    if (found) return found;
  }
  // Its package and the message it stands in may be part of the name.
  for (let length = parts.length; length > 0; length -= 1) {
    const head = parts.slice(0, length).join('.');
    const all = Object.entries(definitions).filter(([known]) => known === head || known.endsWith(`.${head}`));
    if (all.length > 1) return undefined;
    const [, one] = all[0] ?? [];
    if (one && 'type' in one) return within([one.type as Descriptor], parts.slice(length));
  }
  return undefined;
}

/** @param scope the message that it is looked for in, and those that this stands in */
function within(scope: Descriptor[], [name, ...rest]: string[]): ReturnType<typeof typeNamed> {
  if (name === undefined) return scope as [Descriptor];
  const { nestedType = [], enumType = [] } = scope[0]!;
  const isNamed = (one: { name: string }) => one.name === name;
  const message = nestedType.find(isNamed);
  if (message) return within([message, ...scope], rest);
  const found = enumType.find(isNamed);
  return found && rest.length === 0 ? [found, ...scope] : undefined;
}
