import { causeOf, codeName } from './failure.ts';

/** Condition names of PostgreSQL's appendix A, of what a load is told; of others the code alone is shown. */
const conditions: Record<string, string> = {
  '08003': 'connection_does_not_exist',
  '08006': 'connection_failure',
  '08P01': 'protocol_violation',
  '22003': 'numeric_value_out_of_range',
  '23502': 'not_null_violation',
  '23503': 'foreign_key_violation',
  '23505': 'unique_violation',
  '23514': 'check_violation',
  '25006': 'read_only_sql_transaction',
  '25P02': 'in_failed_sql_transaction',
  '25P03': 'idle_in_transaction_session_timeout',
  '25P04': 'transaction_timeout',
  '26000': 'invalid_sql_statement_name',
  '28000': 'invalid_authorization_specification',
  '28P01': 'invalid_password',
  '3D000': 'invalid_catalog_name',
  '3F000': 'invalid_schema_name',
  '40001': 'serialization_failure',
  '40003': 'statement_completion_unknown',
  '40P01': 'deadlock_detected',
  '42501': 'insufficient_privilege',
  '42601': 'syntax_error',
  '42703': 'undefined_column',
  '42P01': 'undefined_table',
  '53000': 'insufficient_resources',
  '53100': 'disk_full',
  '53200': 'out_of_memory',
  '53300': 'too_many_connections',
  '55P03': 'lock_not_available',
  '57014': 'query_canceled',
  '57P01': 'admin_shutdown',
  '57P02': 'crash_shutdown',
  '57P03': 'cannot_connect_now',
  '57P05': 'idle_session_timeout',
  '58030': 'io_error',
  XX000: 'internal_error',
};

/** Code and name, as in `53300 too_many_connections`. */
export function sqlstateName(code: string): string {
  const condition = conditions[code];
  return condition ? `${code} ${condition}` : code;
}

/** The code that PostgreSQL gave; undefined for failures of the way there. */
export function sqlstateOf(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity !== undefined ? code : undefined;
}

/** Whether the connection went with it, so that nobody knows how far what was sent has come. */
export function endsConnection(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === undefined || /^(08|57P|40003)/.test(sqlstate)) return true;
  const { severity } = error as { severity: unknown };
  return severity === 'FATAL' || severity === 'PANIC';
}

/** What pg sends nothing of: values that it can make no text of, and another statement under a name that is taken. */
export function isNotSent(error: Error): boolean {
  return error instanceof TypeError || /^(Prepared statements must be unique|Query values must be)/.test(error.message);
}

/** Whether PostgreSQL asks for the transaction to be tried again: it ran into another one. */
export function asksForAnotherTry(sqlstate: string | undefined): boolean {
  return sqlstate === '40001' || sqlstate === '40P01';
}

/** What went wrong, as errors are counted: a SQLSTATE with its name, else what became of the connection. */
export function databaseError(error: unknown): string {
  const sqlstate = sqlstateOf(error);
  if (sqlstate) return sqlstateName(sqlstate);
  const { code, message } = causeOf(error) as { code?: unknown; message: string };
  if (typeof code === 'string') return codeName(code);
  // pg has no codes for these.
  if (/^Connection terminated due to connection timeout|^timeout expired/.test(message)) return 'timeout: connecting';
  if (/^Connection terminated|not queryable/.test(message)) return 'connection closed by the target';
  return message;
}
