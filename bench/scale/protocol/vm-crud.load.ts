import '../../../protocol/vm-crud.load.ts';
