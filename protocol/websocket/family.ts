import type { Family } from '../../support/family.ts';
import { websocketSettings } from './settings.ts';

export const websocket: Family = { name: 'websocket', folder: import.meta.dirname, settings: [websocketSettings] };
