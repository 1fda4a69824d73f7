import '../../../protocol/realtime/realtime.load.ts';
