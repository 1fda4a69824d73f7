import '../../../protocol/realtime.load.ts';
