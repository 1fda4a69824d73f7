// Carries out the drills of a run, and undoes them however the run ends: a process of its own, which outlives the one that
// started it. It is told a line of JSON at a time on standard input, and answers each with one on standard output; when its
// input ends, it ends what is under way, undoes what was done, and leaves.
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { runQuietly } from './child.mjs';

/**
 * What carries out or ends a drill: a program with its arguments, or the path to post to the target's socket.
 *
 * @typedef {{ command: string[] } | { socket: string, path: string }} Act
 * @typedef {{ id: string, act: 'run' | 'undo', run: Act, undo?: Act, limitMs: number }} Order
 * @typedef {{ id: string, act: 'run' | 'undo', ok: boolean, output: string }} Report
 */

/** Of what a command printed: its end, in characters. */
const MOST_OUTPUT = 4_000;

// Whatever is sent to the runner's group is the runner's to hear.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
// Nobody may be left to read.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** What was begun and not undone, by id. @type {Map<string, Order>} */
const open = new Map();
/** @type {Map<string, Promise<void>>} */
const underWay = new Map();
const leaving = new AbortController();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = orderIn(line);
    if (!order) return;
    const before = underWay.get(order.id);
    underWay.set(
      order.id,
      Promise.resolve(before).then(() => carryOut(order)),
    );
  })
  .on('close', leave);

/** @param {string} line @returns {Order | undefined} undefined: the runner was killed while it wrote it */
function orderIn(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** @param {Order} order */
async function carryOut(order) {
  const { id, act, undo, limitMs } = order;
  if (act === 'run' && leaving.signal.aborted) return;
  if (act === 'run' && undo) open.set(id, order);
  const what = act === 'run' ? order.run : undo;
  const signal = act === 'run' ? leaving.signal : undefined;
  const { ok, output } = what ? await done(what, limitMs, signal) : { ok: true, output: '' };
  // What could not be undone is tried once more in the end.
  if (act === 'undo' && ok) open.delete(id);
  /** @type {Report} */
  const report = { id, act, ok, output: endOf(output) };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/**
 * From the first line on that is there as a whole, else the first word: of a secret that has lost its beginning, nobody would find the rest.
 *
 * @param {string} output
 */
function endOf(output) {
  const end = output.slice(-MOST_OUTPUT);
  return end.length === output.length ? output : end.replace(/^[^\n]*\n(?=\s*\S)|^\S*\s*/, '');
}

/** The runner is gone, or has no more to say. */
async function leave() {
  leaving.abort();
  await Promise.all(underWay.values());
  // None waits for another, which may hang.
  await Promise.all([...open.values()].map(undone));
  process.exit();
}

/** @param {Order} order */
async function undone({ id, undo, limitMs }) {
  if (!undo) return;
  const { ok } = await done(undo, limitMs);
  // What the command printed may hold secrets, of which the runner alone knows.
  console.error(ok ? `Undone: the drill ${id}.` : `The drill ${id} could not be undone: undo it yourself.`);
}

/**
 * @param {Act} act
 * @param {number} timeoutMs
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function done(act, timeoutMs, signal) {
  if ('socket' in act) return posted(act.socket, act.path, timeoutMs);
  const [program = '', ...args] = act.command;
  return runQuietly(program, args, { timeoutMs, group: true, signal });
}

/**
 * @param {string} socketPath
 * @param {string} path
 * @param {number} timeoutMs
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function posted(socketPath, path, timeoutMs) {
  return new Promise((settle) => {
    const signal = AbortSignal.timeout(timeoutMs);
    request({ socketPath, path, method: 'POST', signal }, (response) => {
      let output = '';
      response.setEncoding('utf8');
      response.on('data', (text) => {
        output += text;
      });
      response.on('end', () => settle({ ok: response.statusCode === 200, output }));
    })
      .on('error', (error) => {
        const why = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : error.message;
        settle({ ok: false, output: `the target's own drills: ${why}` });
      })
      // Also in the middle of an answer, of which nothing else tells.
      .on('close', () => settle({ ok: false, output: "the target's own drills: the connection was closed" }))
      .end();
  });
}
