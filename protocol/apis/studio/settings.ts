import { pathPrefix, type Setting, settings } from '../../../support/family.ts';

/** The id of something that must be there already, where a studio looks it up. */
const idOf = (variable: string): Setting<string> => ({
  variable,
  allowed: 'an id, such as a UUID',
  parse: (text) => text.trim() || undefined,
  byDefault: () => 'tandem',
});

export const studioSettings = settings({
  prefix: pathPrefix('STUDIO_API_PREFIX', '/api/v1'),
  /** Where agents and pipelines are made. */
  workspace: idOf('STUDIO_WORKSPACE_ID'),
  /** What agents answer with. */
  model: idOf('STUDIO_MODEL_ID'),
  /** Where agents are deployed to. */
  gateway: idOf('STUDIO_GATEWAY_ID'),
});
