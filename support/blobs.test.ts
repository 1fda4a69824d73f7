import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { checkBlobs } from './blobs.ts';
import { folderOf } from './folder.fixture.ts';

const metadata = (version: unknown) => JSON.stringify({ method: 'onBlobReportMetadata', params: { version } });

function blob(first = metadata(2), entry = 'report.jsonl'): Buffer {
  const report = `${first}\n${'{"method":"onTestBegin"}\n'.repeat(50)}`;
  return Buffer.from(zipSync({ [entry]: strToU8(report), 'resources/picture.png': [strToU8('pixels'), { level: 0 }] }));
}

function refusal(t: TestContext, ...blobs: Buffer[]): string {
  const folder = folderOf(t, { 'notes.txt': 'not looked at' });
  for (const [i, content] of blobs.entries()) writeFileSync(join(folder, `report-${i + 1}.zip`), content);
  try {
    checkBlobs(folder);
    return '';
  } catch (error) {
    return (error as Error).message.replaceAll(folder, 'blobs');
  }
}

test('whole blobs pass', (t) => {
  assert.equal(refusal(t, blob(), blob()), '');
});

test('a folder without blobs, or none at all', (t) => {
  assert.match(refusal(t), /^blobs holds no blob \(\*\.zip\): each shard writes one into its blob-report\/; /);
  assert.throws(
    () => checkBlobs('/nowhere'),
    /^Error: \/nowhere cannot be read \(ENOENT\); allowed is a folder of blobs\.$/,
  );
});

test('one that is cut off, wherever, or damaged, wherever it counts, is named', (t) => {
  const whole = blob();
  for (const length of [0, 1, 30, whole.length / 2, whole.length - 60, whole.length - 23]) {
    assert.match(
      refusal(t, blob(), whole.subarray(0, length)),
      /^blobs\/report-2\.zip is not a whole blob: (?:its|un)[ \w]+\. There is no verdict: fetch it again, /,
      `${length}`,
    );
  }
  for (const at of [45, 60, whole.indexOf('pixels')]) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x55;
    assert.match(refusal(t, damaged), /^blobs\/report-1\.zip is not a whole blob: /, `${at}`);
  }
});

test('a zip of anything else, and a blob of another version', (t) => {
  assert.match(
    refusal(t, blob(metadata(2), 'other.txt')),
    /report-1\.zip is not a whole blob: there is no report in it\. /,
  );
  assert.match(
    refusal(t, blob(metadata(3))),
    /^blobs\/report-1\.zip is a blob of format 3; allowed is 2\. There is no verdict: merge with the version of Playwright /,
  );
  for (const first of ['{"method":"onBegin"}', 'null']) {
    assert.match(refusal(t, blob(first)), /is a blob of format unknown; allowed is 2\./);
  }
});
