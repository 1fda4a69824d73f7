import '../../../protocol/migrations.load.ts';
