import { type SliceContext, secret } from '../../support/test.ts';
import { targetsFile } from './attack.ts';
import { checkTargets, unreadable } from './check.ts';
import { attackSettings } from './settings.ts';

/** Of the origins of a HAR. */
const MOST_SHOWN = 5;

/**
 * Before anything is sent: the targets' file, to its last line.
 * @returns the origins that its targets name
 */
export async function preflight({ target }: Pick<SliceContext, 'target'>, tell: (sentence: string) => void) {
  const { targets, body } = attackSettings(target);
  if (targets === undefined && !target.embedded) {
    throw new Error(
      'LOAD_TARGETS is missing: what is to be attacked of a target of your own; allowed is the path of a file, such as targets/api.txt.',
    );
  }
  const why = body === undefined ? undefined : await unreadable(body);
  if (why !== undefined)
    throw new Error(`LOAD_BODY is "${body}", which cannot be read (${why}); allowed is the path of a file.`);
  // Nobody asked for the embedded target, when a file of somebody's own is given.
  const hasApi = targets === undefined || !target.embedded || target.name === 'local';
  const file = targetsFile(target);
  const { origins, bodiless } = await checkTargets(file, hasApi);
  if (bodiless) {
    const { place, count } = bodiless;
    const others = count === 1 ? '' : `, and those of ${count - 1} more`;
    tell(
      `${place}: its body is not in the file${others}: without it the request is another one. Playwright keeps bodies, but for forms with files, in a HAR with content: 'attach'.`,
    );
  }
  if (file.isRecorded && origins.length > 1) {
    const shown = origins.slice(0, MOST_SHOWN).map((url) => new URL(url).origin);
    const others = origins.length > MOST_SHOWN ? ` and ${origins.length - MOST_SHOWN} more` : '';
    tell(
      `${file.name}: its requests lead to ${origins.length} origins, and all of them are loaded: ${shown.join(', ')}${others}. Leave out those that are not yours.`,
    );
  }
  for (const { password } of origins.map((url) => new URL(url))) if (password) secret(decodeURIComponent(password));
  return origins.map((url) => ({ variable: 'LOAD_TARGETS', url }));
}
