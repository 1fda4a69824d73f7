import type { FaultKind } from './fault.ts';
import { addPageScript } from './page-script.ts';
import { nothing } from './values.ts';

/** The pages forget what they could not save: a push that comes to nothing counts as done. */
export const pageForgets: FaultKind = {
  name: 'page-forgets',
  usage: 'page-forgets',
  parse(value) {
    nothing(value);
    return (context) => addPageScript(context, '/page-forgets.js', script);
  },
};

const script = `const real = window.fetch;
window.fetch = async (resource, options) => {
  const answer = await real(resource, options).catch((error) => error);
  if (!(answer instanceof Error) && answer.status < 500) return answer;
  if (!/\\/push$/.test(String(resource))) return answer instanceof Error ? Promise.reject(answer) : answer;
  const { protocol_version, changes } = JSON.parse(options.body);
  const accepted = changes.map(({ id }) => id);
  return Response.json({ protocol_version, success: true, accepted, rejected: [], timestamp: Date.now() });
};
`;
