import type { Family } from '../../support/family.ts';
import { grpcSettings } from './settings.ts';

export const grpc: Family = { name: 'grpc', folder: import.meta.dirname, settings: [grpcSettings] };
