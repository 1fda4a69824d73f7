import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** A message of a client, as y-websocket writes them. Its bytes are a view of the frame's. */
export type YjsMessage =
  | { kind: 'sync-step-1'; stateVector: Uint8Array }
  /** Sync step 2 and update: both are content to merge. */
  | { kind: 'update'; update: Uint8Array }
  | { kind: 'awareness'; states: Uint8Array }
  | { kind: 'query-awareness' };

const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

/** Sync step 2 without any content: what a client with everything gets. */
export const EMPTY_STEP_2 = writeStep2(Uint8Array.of(0, 0));

/** Reads one frame. @throws {Error} when it is none of the protocol's messages */
export function readMessage(frame: Uint8Array): YjsMessage {
  const decoder = decoding.createDecoder(frame);
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case SYNC:
      return readSync(decoder);
    case AWARENESS:
      return { kind: 'awareness', states: decoding.readVarUint8Array(decoder) };
    case QUERY_AWARENESS:
      return { kind: 'query-awareness' };
    default:
      throw new Error(`message type ${type} is not known`);
  }
}

export function writeStep1(stateVector: Uint8Array): Uint8Array {
  return write(SYNC, STEP_1, stateVector);
}

export function writeStep2(update: Uint8Array): Uint8Array {
  return write(SYNC, STEP_2, update);
}

export function writeUpdate(update: Uint8Array): Uint8Array {
  return write(SYNC, UPDATE, update);
}

export function writeAwareness(states: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, states);
  });
}

function readSync(decoder: decoding.Decoder): YjsMessage {
  const step = decoding.readVarUint(decoder);
  const content = decoding.readVarUint8Array(decoder);
  switch (step) {
    case STEP_1:
      return { kind: 'sync-step-1', stateVector: content };
    case STEP_2:
    case UPDATE:
      return { kind: 'update', update: content };
    default:
      throw new Error(`sync message ${step} is not known`);
  }
}

function write(type: number, step: number, content: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, content);
  });
}
