import type { Family } from '../../support/family.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { roomSettings } from './settings.ts';

export const crdt: Family = { name: 'crdt', folder: import.meta.dirname, settings: [relaySettings, roomSettings] };
