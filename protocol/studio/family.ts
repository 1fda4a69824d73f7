import type { Family } from '../../support/family.ts';
import { studioSettings } from '../apis/studio/settings.ts';

export const studio: Family = { name: 'studio', folder: import.meta.dirname, settings: [studioSettings] };
