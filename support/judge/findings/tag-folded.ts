import { count, counted } from '../words/figures.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** A tag took more values than are told apart: an id where a name should be. Its further values are counted as `other`. */
export interface TagFolded {
  kind: 'tag-folded';
  severity: 'warning';
  tag: string;
  metrics: string[];
  values: string[];
  allowed: number;
}

export const tagFolded: Kind<TagFolded> = {
  kind: 'tag-folded',
  sentence({ tag, metrics, values, allowed }) {
    const more = metrics.length > 2 ? ` and ${counted(metrics.length - 2, 'more metric')}` : '';
    return (
      `Tag ${tag} took more or longer values than are told apart in ${metrics.slice(0, 2).join(', ')}${more}, such as ` +
      `${values.map((value) => `"${quoted(value)}"`).join(', ')}: they are counted as ${tag}:other; required: at most ${count(allowed)} values a scenario, of up to 1,000 characters.`
    );
  },
  nextStep:
    'Figures of the whole have all of them. Give what is alike one name, such as GET /orders/{id}, and put no id into it.',
};
