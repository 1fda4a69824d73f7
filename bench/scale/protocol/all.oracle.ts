import '../../../protocol/apis/event-delivery.oracle.ts';
import '../../../protocol/database/committed-rows.oracle.ts';
import '../../../protocol/database/committed-sums.oracle.ts';
import '../../../protocol/realtime/events-told.oracle.ts';
import '../../../protocol/migrations/migration-continuity.oracle.ts';
import '../../../protocol/vms/vm-lifecycle.oracle.ts';
