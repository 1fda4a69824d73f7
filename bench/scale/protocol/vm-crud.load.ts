import '../../../protocol/vms/vm-crud.load.ts';
