import '../../../protocol/migrations/migrations.load.ts';
