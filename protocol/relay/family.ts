import type { Family } from '../../support/family.ts';
import { relaySettings } from '../apis/relay/settings.ts';

export const relay: Family = { name: 'relay', folder: import.meta.dirname, settings: [relaySettings] };
