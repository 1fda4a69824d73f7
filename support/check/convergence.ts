import type { Judgement } from '../measure/evidence.ts';
import { summaryOf } from './summary.ts';

const MAX_EXAMPLES = 10;
/** Names of strays in one example. */
const MAX_STRAYS = 3;

/** One replica of a document after the load has come to rest; evidence for {@link convergence}. */
export interface ReplicaEvidence {
  document: string;
  replica: string;
  /** Digest of its content and of its state vector: equal replicas have equal ones. */
  content: string;
  stateVector: string;
  /** Updates it took in from others, and updates that others made to the document. */
  received: number;
  /** Its provider said that it was synced. */
  synced: boolean;
  /** It could be brought up to date at the end; what it then lacks it will never have. */
  complete: boolean;
  /** What it holds of other documents, by name: of a tenant who cannot know of it, perhaps. */
  strays?: string[];
}

/**
 * After the load every replica of a document is equal, in content and state vector, and holds nothing of another document. A replica that
 * its provider calls synced and that never received what others have is the same violation, seen from the person who trusts the word
 * "synced".
 */
export function convergence(replicas: ReplicaEvidence[]): Judgement {
  const documents = new Map<string, ReplicaEvidence[]>();
  for (const replica of replicas)
    documents.set(replica.document, [...(documents.get(replica.document) ?? []), replica]);
  const examples: unknown[] = [];
  let checked = 0;
  let violations = 0;
  let incomplete = 0;
  let strayed = 0;
  for (const [document, all] of documents) {
    const strays = [...new Set(all.flatMap((one) => one.strays ?? []))];
    if (strays.length > 0) {
      checked += 1;
      strayed += 1;
      if (examples.length < MAX_EXAMPLES) examples.push({ document, ofOthers: strays.slice(0, MAX_STRAYS) });
      continue;
    }
    const members = all.filter(({ complete }) => complete);
    incomplete += all.length - members.length;
    if (members.length < 2) continue;
    checked += 1;
    const states = new Set(members.map(({ content, stateVector }) => `${content}/${stateVector}`));
    if (states.size === 1) continue;
    violations += 1;
    if (examples.length < MAX_EXAMPLES) {
      examples.push({
        document,
        states: states.size,
        replicas: members.map(({ replica, content, received, synced }) => ({ replica, content, received, synced })),
      });
    }
  }
  const unequal = violations;
  violations += strayed;
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') examples.push('no document had two replicas to compare');
  const summary = summaryOf(
    [checked - strayed, 'documents compared'],
    [checked - strayed - unequal, 'equal in all replicas'],
    strayed > 0 && [strayed, 'with content of another one'],
  );
  const counts = { replicas: replicas.length, incomplete };
  return { checked, violations, examples, status, counts, ...(violations > 0 && { summary }) };
}
