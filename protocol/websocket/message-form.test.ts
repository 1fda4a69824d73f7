import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEAST_BYTES, MessageForm, PLACEHOLDER } from './message-form.ts';

const SENDER = 3 * 2 ** 24 + 99_999;
const MICROS = 1_795_797_600_123_456;

function fieldsOf({ sender, firstMicros, sequence, isLast }: MessageForm) {
  return { sender, firstMicros, sequence, isLast };
}

test('what is written is read again, whatever the server puts around it', () => {
  const template = `{"type":"say","text":"${PLACEHOLDER}"}`;
  const form = new MessageForm('run-1', 100, template);
  const head = form.head(SENDER, MICROS);
  const message = form.write(head, 1_234_567_890);
  assert.equal(message.length, template.length - PLACEHOLDER.length + 100);
  assert.match(JSON.parse(String(message)).text, /^tandem-[\w.-]+x+$/);
  const wrapped = Buffer.from(`{"from":"someone","said":${JSON.stringify(String(message))}}`);
  for (const [sequence, isLast] of [
    [0, false],
    [41, true],
  ] as const) {
    assert.equal(form.read(form.write(head, sequence, isLast)), true);
    assert.deepEqual(fieldsOf(form), { sender: SENDER, firstMicros: MICROS, sequence, isLast });
  }
  assert.equal(form.read(wrapped), true);
  assert.equal(form.sequence, 1_234_567_890);
});

test('the least size has room for everything', () => {
  const form = new MessageForm('run-1', LEAST_BYTES, PLACEHOLDER);
  const message = form.write(form.head(SENDER, MICROS), 7);
  assert.equal(message.length, LEAST_BYTES);
  assert.equal(form.read(message), true);
});

test('what is no message of this run, or not as it was written, is told apart', () => {
  const form = new MessageForm('run-1', 100, PLACEHOLDER);
  const message = String(form.write(form.head(1, MICROS), 7));
  const other = new MessageForm('run-2', 100, PLACEHOLDER);
  for (const text of [
    'welcome',
    '',
    String(other.write(other.head(1, MICROS), 7)),
    message.slice(0, 60),
    message.replace('0000007.', '000000z.'),
    message.slice(0, -1),
    `${message.slice(0, -1)}y`,
    message.replace('xx', 'x'),
  ]) {
    assert.equal(form.read(Buffer.from(text)), false, text);
  }
});
