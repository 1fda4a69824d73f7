/** Other systems that are told of a run, each where a variable names it. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { causeOf } from '../../scripts/writable.mjs';

/** Absent: nobody asked for it. */
export interface Recipients {
  /** A file that GitHub shows beside the job: `GITHUB_STEP_SUMMARY`. */
  stepSummary?: string;
  /** A file that a node exporter reads: `PROMETHEUS_TEXTFILE`. */
  prometheusFile?: string;
  /** `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, else `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  otlpEndpoint?: string;
}

export function recipientsOf(env: NodeJS.ProcessEnv): Recipients {
  return {
    stepSummary: env.GITHUB_STEP_SUMMARY || undefined,
    prometheusFile: env.PROMETHEUS_TEXTFILE || undefined,
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
  };
}

/**
 * Throws when the endpoint is no address: the exporter would take its default in the place of it.
 * @throws one sentence, without what was found: it may hold a password
 */
export function checkEndpoint(env: NodeJS.ProcessEnv): void {
  const { otlpEndpoint } = recipientsOf(env);
  if (!otlpEndpoint || (/^https?:\/\/[^/]/i.test(otlpEndpoint) && URL.canParse(otlpEndpoint))) return;
  const name = env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
    ? 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'
    : 'OTEL_EXPORTER_OTLP_ENDPOINT';
  throw new Error(`${name} is no URL; allowed is one such as http://localhost:4318.`);
}

/**
 * What could not be told after the run is said before it.
 * @throws one sentence
 */
export function checkRecipients(env: NodeJS.ProcessEnv): void {
  checkEndpoint(env);
  const { prometheusFile } = recipientsOf(env);
  if (!prometheusFile) return;
  const folder = dirname(prometheusFile);
  const allowed = 'allowed is a file in a folder that exists';
  try {
    if (statSync(folder).isDirectory()) return;
  } catch (error) {
    throw new Error(`PROMETHEUS_TEXTFILE is "${prometheusFile}", but ${causeOf(error)}; ${allowed}.`);
  }
  throw new Error(`PROMETHEUS_TEXTFILE is "${prometheusFile}", but ${folder} is no folder; ${allowed}.`);
}
